// SPDX-License-Identifier: BSD-2-Clause
#include "engine/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ledger.h"
#include "engine/sink.h"
#include "util/xalloc.h"

void section_set(struct section *section, const struct cell *cells, size_t count)
{
	for (size_t i = 0; i < count && section->count < VIEW_CELLS_MAX; i++) {
		const struct column *c = column_find(cells[i].column, strlen(cells[i].column));
		struct cell cell = cells[i];

		cell.title = cell.title ? cell.title : c->title;
		cell.width = cell.width == CELL_BARE ? 0 : cell.width ? cell.width : c->width;
		section->column[section->count] = c;
		section->cell[section->count++] = cell;
	}
}

int section_parse(struct section *section, const char *list, size_t *ret_at)
{
	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ",");
		const struct column *c = column_find(p, len);
		struct cell cell;

		if (!c || section->count == VIEW_CELLS_MAX) {
			*ret_at = (size_t)(p - list);
			return -EINVAL;
		}
		cell = (struct cell){.column = c->name, .width = p[len] ? 0 : CELL_BARE};
		/* The last column needs no padding, unless it is a number. */
		if (c->width > 0)
			cell.width = c->width;
		section_set(section, &cell, 1);
		p += len;
		if (!*p)
			return 0;
	}
}

void view_init(struct view *view, uint32_t flow_limit)
{
	view->section_now = -1;
	view->context.interval = view->when == VIEW_ON_TICK;
	if (view->when == VIEW_ON_CLOSE && view->sort)
		held_init(&view->held, view->rows ? view->rows : flow_limit);
	if (view->when != VIEW_ON_TICK)
		return;
	view->ranked_limit = flow_limit;
	view->ranked = reserve(view->ranked_limit * sizeof(*view->ranked));
	if (view->keys)
		group_table_init(&view->groups, flow_limit,
				 view->counters ? sizeof(struct ledger_entry) : 0);
}

void view_done(struct view *view)
{
	reserve_free(view->ranked, view->ranked_limit * sizeof(*view->ranked));
	view->ranked = NULL;
	if (view->held.row)
		held_done(&view->held);
	group_table_done(&view->groups);
}

void view_begin(struct view *view)
{
	view->sink->begin(view);
}

static void emit(struct view *view, const struct row *row)
{
	if (!view->context.first_ns)
		view->context.first_ns = row->time_ns;
	view->sink->row(view, row);
}

static struct row row_of_close(struct view *view, const struct event *ev)
{
	return (struct row){
		.context = &view->context,
		.time_ns = ev->time_ns,
		.id = ev->head.id,
		.state = ev->head.state,
		.end_reason = ev->head.end_reason,
		.error = ev->head.error,
		.flows = 1,
		.count = ev->count,
		.ident = &ev->ident,
		.handshake = ev->head.kind == EV_HANDSHAKE ? &ev->handshake : NULL,
	};
}

void view_flow_closed(struct view *view, const struct event *ev)
{
	struct row row = row_of_close(view, ev);

	if (view->full)
		return;
	if (view->sort) {
		struct value v = view->sort->get(&row);

		held_put(&view->held, ev, value_number(&v));
		return;
	}
	emit(view, &row);
	if (view->rows && ++view->printed >= view->rows)
		view->full = true;
}

static void print_held(struct view *view)
{
	held_sort(&view->held);
	for (size_t i = 0; i < view->held.count; i++) {
		struct row row = row_of_close(view, (const struct event *)view->held.row[i].event);

		emit(view, &row);
	}
}

/* What moved between two counts; gauges are those of the later one. */
static struct ev_count delta_of(const struct ev_count *now, const struct ev_count *then)
{
	struct ev_count d = *now;

	d.tx_bytes -= then->tx_bytes;
	d.rx_bytes -= then->rx_bytes;
	d.acked_bytes -= then->acked_bytes;
	d.retrans_bytes -= then->retrans_bytes;
	d.retrans_segs -= then->retrans_segs;
	return d;
}

static struct row group_row(struct view *view, const struct group *g)
{
	struct row row = {
		.context = &view->context,
		.time_ns = view->tick_ns,
		.flows = g->flows,
		.count = g->count,
	};

	if (view->ledger)
		ledger_group_row(view->ledger, g, &row);
	if (view->name_group)
		view->name_group(view, g, &row);
	return row;
}

static struct row row_of(struct view *view, const struct ranked *r)
{
	const struct flow *f = r->flow;

	struct row row;

	if (r->group)
		return group_row(view, r->group);
	row = (struct row){
		.context = &view->context,
		.time_ns = view->tick_ns,
		.id = f->id,
		.state = f->state,
		.end_reason = f->end_reason,
		.error = f->error,
		.flows = 1,
		.count = r->delta,
		.ident = &f->ident,
	};
	if (view->ledger)
		ledger_flow_row(view->ledger, f, &row);
	return row;
}

/* What the view ranks by if it is not told otherwise, and without which there is no row. */
static uint64_t bytes_of(const struct view *view, const struct ev_count *c)
{
	return (view->context.skip_tx ? 0 : c->tx_bytes) + (view->context.skip_rx ? 0 : c->rx_bytes);
}

static void collect_groups(struct view *view, struct flow *flow, const struct ev_count *delta)
{
	struct group_key key[VIEW_KEYS_MAX];
	unsigned count = view->keys(view, &flow->ident, &flow->verdict, key);

	for (unsigned i = 0; i < count; i++) {
		struct group *g = group_table_add(&view->groups, &key[i]);

		if (g)
			group_count(g, delta);
	}
}

void view_collect(struct view *view, struct flow *flow)
{
	struct ev_count delta = delta_of(&flow->count, &flow->reported);

	if (!bytes_of(view, &delta))
		return;
	if (view->keys) {
		collect_groups(view, flow, &delta);
		return;
	}
	view->ranked[view->ranked_count++] = (struct ranked){.flow = flow, .delta = delta};
}

/* Of equal rank: flows by age, groups by their number in a list. */
static uint64_t order_of(const struct ranked *r)
{
	return r->group ? r->group->key.number : r->flow->id;
}

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? 1 : -1;
	if (order_of(x) != order_of(y))
		return order_of(x) < order_of(y) ? -1 : 1;
	return x->group < y->group ? -1 : x->group > y->group;
}

/* Groups are ranked like flows. What the last tick collected is not needed any more. */
static void take_groups(struct view *view)
{
	for (uint32_t i = 0; i < view->groups.used; i++) {
		const struct group *g = &view->groups.group[i];

		view->ranked[view->ranked_count++] =
			(struct ranked){.group = g, .delta = g->count};
	}
}

static void take_sockets(struct view *view)
{
	const struct flow_table *t = view->ledger->flows;

	for (uint32_t i = 0; i < t->used; i++)
		if (t->flow[i].has_ident && t->flow[i].wanted)
			view->ranked[view->ranked_count++] =
				(struct ranked){.flow = &t->flow[i], .delta = t->flow[i].count};
}

static void set_ranks(struct view *view)
{
	for (size_t i = 0; i < view->ranked_count; i++) {
		struct ranked *r = &view->ranked[i];
		struct row row;
		struct value v;

		if (!view->sort) {
			r->rank = (double)bytes_of(view, &r->delta);
			continue;
		}
		row = row_of(view, r);
		v = view->sort->get(&row);
		r->rank = value_number(&v);
	}
}

/*
 * Bring the `want` best to the front, in any order: quickselect, so that a window of 20 rows does not
 * pay for ranking 70,000 flows.
 */
static void select_best(struct ranked *r, size_t count, size_t want)
{
	size_t low = 0, high = count;

	while (high - low > 1) {
		/* Not the last one, or a part could be the whole again. */
		struct ranked pivot = r[low + (high - low - 1) / 2];
		size_t i = low, j = high - 1;

		for (;; i++, j--) {
			while (by_rank(&r[i], &pivot) < 0)
				i++;
			while (by_rank(&r[j], &pivot) > 0)
				j--;
			if (i >= j)
				break;
			struct ranked swap = r[i];
			r[i] = r[j];
			r[j] = swap;
		}
		if (want <= j + 1)
			high = j + 1;
		else
			low = j + 1;
		if (want == high || want == low)
			return;
	}
}

static size_t rows_wanted(const struct view *view)
{
	size_t limit = view->ranked_count;

	if (view->rows && view->rows < limit)
		limit = view->rows;
	if (view->room && view->room < limit)
		limit = view->room;
	return limit;
}

static void rank(struct view *view)
{
	size_t want = rows_wanted(view);

	set_ranks(view);
	if (want < view->ranked_count)
		select_best(view->ranked, view->ranked_count, want);
	else
		want = view->ranked_count;
	qsort(view->ranked, want, sizeof(*view->ranked), by_rank);
	view->ranked_sorted = want;
}

#define ROWS_BETWEEN 256

static void print_family(struct view *view, size_t limit, int family)
{
	for (size_t i = 0; i < limit; i++) {
		const struct ranked *r = &view->ranked[i];
		struct row row;

		if (family && (addr_is_v4(&r->flow->ident.raddr) ? 4 : 6) != family)
			continue;
		row = row_of(view, r);
		emit(view, &row);
		if (i % ROWS_BETWEEN == ROWS_BETWEEN - 1 && view->meanwhile)
			view->meanwhile(view->meanwhile_context);
	}
}

static void print_host(struct view *view)
{
	struct row row = {.context = &view->context, .time_ns = view->tick_ns};

	ledger_host_row(view->ledger, &row);
	emit(view, &row);
}

void view_redraw(struct view *view)
{
	size_t limit;

	view->section_now = -1;
	view->sink->tick_begin(view);
	/* A window that grew since has room for rows that are not in order yet. */
	if (rows_wanted(view) > view->ranked_sorted)
		rank(view);
	limit = rows_wanted(view);
	if (view->section_per_family) {
		print_family(view, limit, 4);
		print_family(view, limit, 6);
	} else {
		print_family(view, limit, 0);
	}
	if (view->ledger && view->ledger->has_host)
		print_host(view);
	view->sink->tick_end(view);
}

void view_tick(struct view *view, uint64_t time_ns)
{
	view->tick_ns = time_ns;
	if (view->per_close)
		return;
	if (view->sockets)
		take_sockets(view);
	else
		take_groups(view);
	rank(view);
	view_redraw(view);
	group_table_clear(&view->groups);
}

void view_group_closed(struct view *view, const struct ev_ident *ident, uint64_t time_ns)
{
	struct group_key key[VIEW_KEYS_MAX];
	uint32_t verdict = 0;
	struct group *g;
	struct row row;

	view->tick_ns = time_ns;
	view->keys(view, ident, &verdict, key);
	g = group_table_add(&view->groups, key);
	if (!g)
		return;
	row = group_row(view, g);
	emit(view, &row);
	group_table_remove(&view->groups, g);
}

void view_end(struct view *view, const struct account *account)
{
	if (view->held.row)
		print_held(view);
	view->sink->end(view, account);
}
