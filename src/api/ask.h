// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a request asks for, from the parameters of its query: which flows, which columns, in which
 * order, how many. Words and messages are those of the command line; what is wrong is told with the
 * parameter and the byte of it. Names of hosts and services are not looked up: a look-up could hold
 * the loop.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/question.h"
#include "view/layout.h"

struct cgroup_names;
struct column;
struct ev_ident;
struct filter;

#define ASK_ROWS_MAX 10000
#define ASK_FILTER_MAX 1024 /* bytes: what libpcap takes to compile more would hold the loop */
#define ASK_CURSOR_SIZE 40

/* Where parameters come from: NULL if one is not there. */
struct ask_from {
	const char *(*get)(void *context, const char *name);
	void *context;
};

struct ask_problem {
	const char *title;
	const char *parameter; /* a constant */
	size_t at;	       /* SIZE_MAX: no caret */
	char text[512];
};

/* Of an endpoint: what is taken if nothing is asked for. */
struct ask_defaults {
	const char *columns;
	const char *sort; /* as the parameter; NULL: its rows have an order of their own */
	uint64_t limit;
};

struct ask {
	struct question question; /* its texts are owned */
	char *where, *unit, *container, *states;
	struct filter *filter;
	uint32_t netns; /* 0: all */
	bool has_filter; /* anything that leaves flows out was asked for */
	struct section section;
	bool adds_id;		   /* the columns do not hold it */
	const struct column *sort; /* NULL: by id */
	bool descending;
	uint64_t limit;
	bool has_after;
	double after_rank;
	uint64_t after_id;
};

/* The names of parameters that ask_read() reads, NULL at the end. */
extern const char *const ask_parameters[];

/*
 * Returns NULL and fills `problem` if it makes no sense; else gives, free with ask_free(). The watch
 * and the names are kept.
 */
struct ask *ask_read(const struct ask_from *from, const struct ask_defaults *defaults,
		     struct watch *watch, struct cgroup_names *cgroups, struct ask_problem *problem);
void ask_free(struct ask *ask);

bool ask_takes(const struct ask *ask, const struct ev_ident *ident, unsigned state);

/* Any of the columns that are shown, or sorted by, needs this (enum column_need). */
bool ask_needs(const struct ask *ask, unsigned need);

/* Where the next page begins: after a row of this rank and id. `buf` has ASK_CURSOR_SIZE bytes. */
void ask_cursor_write(double rank, uint64_t id, char *buf);
/* 0 or -EINVAL. */
int ask_cursor_read(const char *text, double *ret_rank, uint64_t *ret_id);

/* "COOKIE.REUSE", as the column `id` shows it, back into an id. 0 or -EINVAL. */
int ask_id_read(const char *text, uint64_t *ret);

/* 0, or -EINVAL and the offset of the first word of a filter that would have to be looked up. */
int ask_filter_check(const char *text, size_t *ret_at);
