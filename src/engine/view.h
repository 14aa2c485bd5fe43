// SPDX-License-Identifier: BSD-2-Clause
/*
 * A view decides when there are rows, which, in what order, and with which columns. A report sets
 * one up; the engine feeds it; a sink prints what it gives.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/account.h"
#include "engine/column.h"
#include "engine/flow_table.h"
#include "engine/held.h"
#include "engine/group.h"
#include "engine/row.h"

struct ledger;
struct out;
struct settings;
struct sink;
struct filter;

enum view_when {
	VIEW_ON_CLOSE, /* a row per flow, with its totals, when it closes; or per handshake */
	VIEW_ON_TICK,  /* rows per interval, with what moved in it */
};

/* One column as a layout shows it; NULL and 0 mean: as in the column table. */
struct cell {
	const char *column;
	int width;	   /* negative: left-aligned; CELL_BARE: no padding */
	const char *title;
	unsigned cut;	   /* show at most so many characters */
};

#define CELL_BARE 1000
#define VIEW_CELLS_MAX 96
#define VIEW_SECTIONS 2
#define VIEW_KEYS_MAX 8

/* Text of a table: for `-o` one section, for the seed's layout perhaps one per family. */
struct section {
	const struct column *column[VIEW_CELLS_MAX];
	struct cell cell[VIEW_CELLS_MAX];
	size_t count;
};

struct ranked {
	const struct flow *flow;   /* NULL if it is a group */
	const struct group *group; /* NULL if it is a flow */
	double rank;
	struct ev_count delta;
};

struct view {
	enum view_when when;
	struct section section[VIEW_SECTIONS]; /* [0] all or IPv4, [1] IPv6 */
	bool section_per_family;
	bool header_per_tick;
	bool counters;	 /* rows have struct counters, see engine/ledger.h */
	bool sockets;	 /* with counters: rows are the present sockets, once */
	bool per_close;	 /* with counters: a row for each socket when it closes */
	bool blocks;	 /* text is a block per row, not a line */
	bool no_header;	 /* of a table */
	bool rolls;	 /* never redrawn in place */
	bool csv_titles; /* the header of CSV has titles, not names */
	const struct column *sort;
	uint64_t rows; /* 0: all */
	uint64_t room; /* rows that a window has place for, 0: no limit; set by a sink */

	/* What a table prints once before all, and before the rows of each tick; may be NULL. */
	void (*opening)(const struct view *view, struct out *out);
	void (*heading)(const struct view *view, struct out *out);

	/*
	 * Rows are groups of flows if this is set: it stores the keys that a flow counts under, at
	 * most VIEW_KEYS_MAX, and returns how many. `verdict` is 0 if ident is new, else what the
	 * function left there.
	 */
	unsigned (*keys)(const struct view *view, const struct ev_ident *ident, uint32_t *verdict,
			 struct group_key *ret);
	/* Name a group's row. */
	void (*name_group)(const struct view *view, const struct group *group, struct row *row);

	struct ledger *ledger; /* with counters; of the engine */
	unsigned lacks;	       /* enum column_need: what the source cannot give */
	unsigned keep_syscalls; /* enum syscalls: what heading() needs */
	const struct settings *settings;
	const struct sink *sink;
	struct out *out;
	struct row_context context;
	/* Called now and then while many rows are printed, so that events need not wait; may be NULL. */
	void (*meanwhile)(void *context);
	void *meanwhile_context;
	bool header_printed; /* by a sink that waits for the first row */
	int section_now; /* whose header was printed last, -1 none */
	uint64_t tick_ns;
	uint64_t printed; /* rows on close */
	bool full; /* on close: --rows were printed, the run can end */

	struct held held; /* rows on close that wait to be ranked; used if there is a sort */
	struct ranked *ranked; /* rows of the last tick, for a redraw */
	size_t ranked_count, ranked_limit;
	size_t ranked_sorted; /* so many of them, from the front, are in order */
	struct group_table groups; /* of the interval */
};

/* Set the columns of a section from a layout. */
void section_set(struct section *section, const struct cell *cells, size_t count);

/*
 * Set them from a list such as "pid,comm,tx_bytes". Returns 0, or -EINVAL and the offset of the
 * name that is no column.
 */
int section_parse(struct section *section, const char *list, size_t *ret_at);

/* Reserve what ticks or ranking need; `flow_limit` is that of the flow table. */
void view_init(struct view *view, uint32_t flow_limit);
void view_done(struct view *view);

void view_begin(struct view *view);

/* A flow closed. `count` holds its totals. */
void view_flow_closed(struct view *view, const struct event *ev);

/* Collect a flow that changed in this interval; its delta is `count` less `reported`. */
void view_collect(struct view *view, struct flow *flow);

/* A socket of a view with `per_close` closed: print its group and forget it. */
void view_group_closed(struct view *view, const struct ev_ident *ident, uint64_t time_ns);

/* Rank, print. */
void view_tick(struct view *view, uint64_t time_ns);

/* Print the rows of the last tick again, for a window whose size changed. */
void view_redraw(struct view *view);

void view_end(struct view *view, const struct account *account);
