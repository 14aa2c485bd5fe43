// SPDX-License-Identifier: BSD-2-Clause
/* Text made from the tables of options and columns. */
#pragma once
#include <stddef.h>

struct option_def;
struct report;

/* Examples first, then usage and options. */
void help_print(const struct report *report, const char *program,
		const struct option_def *const *options, size_t count);
/* The lines of options of a command that is no report. */
void help_print_command_options(const char *command);
/* Which build this is, and of what. */
void help_print_version(void);
/* The source of the BPF programs, as bcc's tools print theirs. */
void help_print_ebpf(void);
/* For -o help. */
void help_print_columns(void);
