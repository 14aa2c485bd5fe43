// SPDX-License-Identifier: BSD-2-Clause
/* The commands: `tcpsight NAME`, or argv[0] is the name of the tool that NAME replaces. */
#pragma once
#include <stddef.h>

struct option_def;
struct report;

/* A command that is no report, and reads its options by itself. */
struct command {
	const char *name;
	const char *summary;
	const struct option_def *options; /* for --help and completion */
	size_t option_count;
};

#define PEEKSTAT_SOCKET "/var/run/tcpeek/tcpeek.sock"

extern const struct report *const reports[];
extern const size_t report_count;
extern const struct command other_commands[];
extern const size_t other_command_count;

/* By subcommand, or by seed name; NULL if there is none. */
const struct report *command_find(const char *name);
const struct report *command_find_seed(const char *program);

/* NULL if there is none. */
const struct command *command_find_other(const char *name);

/* Why this program has no report of that name though others have; NULL if none has. */
const char *command_why_left_out(const char *name);

/* The command whose name is nearest to a misspelt one, or NULL. */
const char *command_nearest(const char *name);

void command_print_overview(void);
