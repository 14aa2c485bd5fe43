// SPDX-License-Identifier: BSD-2-Clause
/*
 * A view is a consumer that shows rows: when there are rows, which, in what order, in which layout.
 * A report sets one up, a sink prints what it gives.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/consumer.h"
#include "engine/row.h"
#include "view/batch.h"
#include "view/held.h"
#include "verdict/verdict.h"
#include "view/layout.h"
#include "view/moves.h"

struct account;
struct history;
struct out;
struct question;
struct sink;

#define VIEW_KEYS_MAX 8

/* Rows that may be drawn again, for a window that has grown since. */
#define VIEW_REDRAW_ROWS 512

enum view_when {
	VIEW_ON_CLOSE,	   /* a row per flow, with its totals, when it closes; or per handshake */
	VIEW_ON_TICK,	   /* rows per interval, with what moved in it */
	VIEW_ON_HANDSHAKE, /* a row per handshake */
};

/* How flows are summed up into rows, if they are. */
struct grouping {
	/*
	 * Store the keys that a flow counts under, at most VIEW_KEYS_MAX, and return how many.
	 * `note` is 0 if ident is new, else what the function left there.
	 */
	unsigned (*keys)(const struct view *view, const struct flow *flow, uint32_t *note,
			 struct group_key *ret);
	/* Complete a group's row: its name. May be NULL. */
	void (*name)(const struct view *view, const struct group *group, struct row *row);
	unsigned shares; /* enum row_share: what the flows of a group have in common */
	bool uses_note;
};

struct view {
	/* Set by the report. */
	enum view_when when;
	bool sums;	/* groups hold the counters of their flows, see view/sums.h */
	bool sockets; /* rows are the present sockets, or, with a grouping, groups of them, once */
	uint32_t unlisted; /* of those: states that are only counted unless somebody names states */
	bool per_close; /* with sums: a row for each socket when it closes */
	struct layout layout;
	struct grouping grouping;
	const struct column *sort;
	uint64_t rows; /* 0: all */
	struct row_context context;

	/* Set by those who make it. */
	struct consumer *consumer;
	const struct question *question;
	const struct sink *sink;
	struct out *out;
	const char *tag; /* "report" of each JSON object; NULL: none */
	unsigned needs;	 /* enum column_need of its columns */
	struct moves moves; /* of flows that are shown per interval */
	/* Called now and then while many rows are printed, so that events need not wait; may be NULL. */
	void (*meanwhile)(void *context);
	void *meanwhile_context;

	/* Of a run. */
	struct batch batch[2], *filling, *shown;
	struct held held;	 /* rows on close that wait to be ranked */
	struct counters scratch; /* of the row being shown */
	uint64_t known[2];	 /* see sums_known() */
	bool has_known;
	struct verdict judged;	 /* likewise */
	struct history *history; /* by slot of the flow table, see view/judge.h; may be NULL */
	size_t history_limit;
	uint64_t tick_ns;
	uint64_t printed;    /* rows */
	uint64_t room;	     /* rows that a window has place for, 0: no limit; set by a sink */
	bool header_printed; /* by a sink that waits for the first row */
	int section_now;     /* whose header was printed last, -1 none */
};

/* A row of an event that is one, or of a ranked entry of the batch that is shown; see view/rows.c. */
struct row view_row_of_event(struct view *view, const struct event *ev);
void view_row_of(struct view *view, const struct ranked *r, struct row *ret);
