// SPDX-License-Identifier: BSD-2-Clause
/*
 * Parsing a command line against a report's option table and the common one. Errors are printed
 * with a caret under what is wrong; the caller exits with status 2.
 */
#pragma once

struct report;
struct settings;

enum options_result {
	OPTIONS_RUN,   /* go on */
	OPTIONS_DONE,  /* --help or the like was printed: exit 0 */
	OPTIONS_WRONG, /* the error was printed: exit 2 */
	OPTIONS_FAILED, /* the same, but the tool that we replace ends with 1 */
};

/* `argv[0]` is what messages begin with. Fills `settings` (zeroed by the caller). */
enum options_result options_parse(const struct report *report, int argc, char **argv,
				  struct settings *settings);

/* Print "PROGRAM: text", the argument and a caret under its character `at`, and a hint. */
void options_complain(const char *program, const char *argument, unsigned long at,
		      const char *text);
