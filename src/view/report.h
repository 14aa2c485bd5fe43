// SPDX-License-Identifier: BSD-2-Clause
/*
 * The contract of src/report/: one file is one subcommand. A report is data, a struct of its own
 * options behind question.own, and a function that sets up the view. It must have name, summary,
 * positional, examples, words and setup; all else may be left out. One that takes nothing but a
 * filter has "[filter]", report_take_filter and report_filter_done.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "engine/option.h"
#include "engine/question.h"
#include "engine/usage.h"
#include "engine/watch.h"
#include "view/view.h"

struct report {
	const char *name;      /* tcpsight NAME */
	const char *seed_name; /* of the tool that it replaces, also as argv[0] */
	const char *summary;
	const char *positional; /* as in the usage line */
	const char *const *examples; /* pairs: command, what it does; NULL at the end */
	bool long_only;	 /* long options with one dash too */
	bool runs_alone; /* is no question to an engine, and shares no run: main.c starts it */
	bool keeps_to_itself; /* shows no rows, and opens what it writes by itself */
	bool is_agent; /* its other questions may stand in a file, and end with it only */
	bool of_agent; /* is asked within an agent only: no command of its own */
	const char *const *reloads; /* options of a file that can change in a run; NULL at the end */
	const char *word_name; /* what its word is called in such a file; NULL: it takes none there */
	const char *const *omitted; /* common options that make no sense here; NULL at the end */
	const struct option_def *options;
	size_t option_count;
	size_t own_size; /* of its own options: the struct that OPTION_OF_REPORT is stored in */
	const char *columns; /* of --json and --csv without -o */
	const char *(*columns_of)(const struct question *q); /* instead, if they depend on more */
	const char *sorts; /* words that --sort takes besides columns: "sent=tx_bytes,..." */
	void (*defaults)(struct question *q);
	/* Words that are no options. 0, or -EINVAL and `error`. */
	int (*words)(struct question *q, int count, char **word, struct usage_error *error);
	/* Free what words() made; it may not have been reached. May be NULL. */
	void (*done)(struct question *q);
	/* For --verbose: tell how the words were understood. May be NULL. */
	void (*explain)(const struct question *q,
			void (*say)(const char *format, ...) __attribute__((format(printf, 1, 2))));
	/* Set up the view. Whether columns were chosen stands in layout.own_columns. */
	void (*setup)(const struct question *q, struct view *view);
	/* The sink, if it is not that of --json or --csv; NULL: the usual one. May be NULL. */
	const char *(*sink)(const struct question *q);
	/*
	 * Take the view's place as the consumer, and hand it what it is to show: change ops and
	 * state. 0, or -EINVAL and `error`. May be NULL.
	 */
	int (*wrap)(struct consumer *c, struct view *view, struct usage_error *error);
};

/*
 * Join words into the filter of `q`; the `words` of reports that take nothing else. Fails if there
 * is a filter already, or if it is too long. `report_filter_done` frees it.
 */
int report_take_filter(struct question *q, int count, char **word, struct usage_error *error);
void report_filter_done(struct question *q);
