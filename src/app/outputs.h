// SPDX-License-Identifier: BSD-2-Clause
/*
 * Where consumers write. A run of one consumer on stdout waits for its reader; in every other case
 * nobody waits for a slow one: see util/out.h.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "engine/pace.h"
#include "util/out.h"

struct question;
struct usage_error;

struct output {
	struct out out;
	const char *path; /* NULL: stdout */
	bool is_regular;
	dev_t device;
	ino_t inode;
	bool is_gone;	/* its reader has gone: nobody is told any more */
	bool is_failed; /* it cannot be written to any more: what is lost is still counted */
};

struct outputs {
	struct output output[CONSUMERS_MAX];
	unsigned count;
	bool is_single;	   /* the run has one consumer */
	bool takes_stdout; /* one of them writes there */
};

/*
 * The output of a question: opened, but a file not yet emptied. Questions without --output share
 * stdout. 0, or -EINVAL and `error` (status 1 if the file cannot be opened).
 */
int outputs_open(struct outputs *o, const struct question *q, struct output **ret,
		 struct usage_error *error);

/*
 * Nothing else can hinder the run any more: empty the file, unless it is appended to. 0 or -errno,
 * logged.
 */
int outputs_begin(const struct output *output, const struct question *q);

/* Write what can be written. 0, or -errno if no output is left that can be. */
int outputs_flush(struct outputs *o);

/* The end: false if a file could not be written, or lost rows; all that is told. */
bool outputs_finish(struct outputs *o);
void outputs_done(struct outputs *o);
