// SPDX-License-Identifier: BSD-2-Clause
/*
 * The contract of src/report/: one file is one subcommand, and a report is data plus a function
 * that lays out its view.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "engine/option.h"
#include "engine/view.h"

struct settings;

/* A mistake on the command line, for cli to print; texts are borrowed from argv. */
struct usage_error {
	const char *argument; /* what the caret goes under, NULL for none */
	size_t at;
	int status; /* exit status, if it is not 2 */
	char text[512];
};

struct report {
	const char *name;      /* tcpsight NAME */
	const char *seed_name; /* of the tool that it replaces, also as argv[0] */
	const char *summary;
	const char *positional; /* as in the usage line */
	const char *const *examples; /* pairs: command, what it does; NULL at the end */
	bool handshakes; /* shows EV_HANDSHAKE, counted under tcpeek's filters */
	bool long_only;	 /* long options with one dash too */
	const char *const *omitted; /* common options that make no sense here; NULL at the end */
	const struct option_def *options;
	size_t option_count;
	const char *columns; /* of --json and --csv without -o */
	const char *(*columns_of)(const struct settings *s); /* instead, if they depend on more */
	void (*defaults)(struct settings *s);
	/* Words that are no options. 0, or -EINVAL and `error`. */
	int (*words)(struct settings *s, int count, char **word, struct usage_error *error);
	/* Free what words() made, if it is set and was reached. May be NULL. */
	void (*done)(struct settings *s);
	/* For --verbose: tell how the words were understood. May be NULL. */
	void (*explain)(const struct settings *s,
			void (*say)(const char *format, ...) __attribute__((format(printf, 1, 2))));
	/* Choose the view: when, sections, sort, headings. Called after -o, --json were applied. */
	void (*setup)(const struct settings *s, struct view *view, bool own_columns);
};

/*
 * Join words into the filter of `s`; the `words` of reports that take nothing else. Fails if there
 * is a filter already, or if it is too long.
 */
int report_take_filter(struct settings *s, int count, char **word, struct usage_error *error);
