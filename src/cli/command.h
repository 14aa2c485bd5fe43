// SPDX-License-Identifier: BSD-2-Clause
/* The commands: `tcpsight NAME`, or argv[0] is the name of the tool that NAME replaces. */
#pragma once
#include <stddef.h>

struct report;

extern const struct report *const reports[];
extern const size_t report_count;

/* By subcommand, or by seed name; NULL if there is none. */
const struct report *command_find(const char *name);
const struct report *command_find_seed(const char *program);

void command_print_overview(void);
