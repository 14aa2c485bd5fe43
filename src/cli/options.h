// SPDX-License-Identifier: BSD-2-Clause
/*
 * Parsing a command line against a report's option table and the common one. Errors are printed
 * with a caret under what is wrong; the caller exits with status 2.
 */
#pragma once

struct question;
struct report;
struct watch;

enum options_result {
	OPTIONS_RUN,   /* go on */
	OPTIONS_DONE,  /* --help or the like was printed: exit 0 */
	OPTIONS_WRONG, /* the error was printed: exit 2 */
	OPTIONS_FAILED, /* the same, but the tool that we replace ends with 1 */
};

/* What a run needs to know before any option is read. */
void options_default_watch(struct watch *watch);

/*
 * Parse one question: `argv[0]` is what messages begin with, the rest its options and words. Fills
 * `question` (zeroed by the caller but for watch and is_also) and, unless it is one of --also,
 * `watch`. Free with options_done() in any case.
 */
enum options_result options_parse(const struct report *report, int argc, char **argv,
				  struct question *question);
void options_done(const struct report *report, struct question *question);
