// SPDX-License-Identifier: BSD-2-Clause
#include "view/show.h"

#include "engine/clock.h"
#include "engine/column.h"
#include "engine/engine.h"
#include "engine/source.h"
#include "engine/value.h"
#include "util/out.h"
#include "view/judge.h"
#include "view/rank.h"
#include "view/sink.h"
#include "view/sums.h"

/*
 * Rows that may be shown of an interval, where they are ranked by what is known as they come; 0: they are
 * not, or all are shown. What counters and verdicts go with has its place by number of the row.
 */
static size_t rows_shown(const struct view *view)
{
	size_t most = view->rows;

	if (view->sort || view->sockets || view->grouping.keys || view->filling->counters ||
	    view->filling->verdict)
		return 0;
	if (!view->sink->redraws)
		return most;
	/* The window as it is now; what it grows by until they are drawn is filled by the next interval. */
	if (view->room && (!most || view->room < most))
		most = view->room;
	return most < VIEW_REDRAW_ROWS ? VIEW_REDRAW_ROWS : most;
}

void view_begin(struct view *view, uint32_t max_flows)
{
	bool with_extra = view->needs & NEED_EXTRA;
	bool with_verdict = view->needs & NEED_VERDICT;
	size_t kept = with_extra || with_verdict ? EV_SIZE_EXTRA : EV_SIZE_HANDSHAKE;
	struct batch_parts parts = {
		.extra = with_extra,
		.counters = with_extra && !view->grouping.keys,
		.verdict = with_verdict && !view->grouping.keys,
	};

	view->section_now = -1;
	view->context.interval = view->when == VIEW_ON_TICK;
	view->filling = &view->batch[0];
	view->shown = &view->batch[1];
	if (view->when != VIEW_ON_TICK) {
		if (view->sort)
			held_init(&view->held, view->rows ? view->rows : max_flows, kept);
		return;
	}
	for (int i = 0; i < 2; i++) {
		batch_init(&view->batch[i], max_flows, &parts);
		if (view->grouping.keys)
			group_table_init(&view->batch[i].groups, max_flows, sums_size(view));
	}
	if (parts.verdict)
		judge_begin(view, max_flows);
}

void view_done(struct view *view)
{
	batch_done(&view->batch[0]);
	batch_done(&view->batch[1]);
	held_done(&view->held);
	judge_done(view);
}

void view_open(struct view *view)
{
	view->sink->begin(view);
	view->filling->best = rows_shown(view);
	out_end_record(view->out);
}

static void emit(struct view *view, const struct row *row)
{
	if (!view->context.first_ns)
		view->context.first_ns = row->time_ns;
	view->sink->row(view, row);
	/* What is redrawn in place is one piece. */
	if (!view->sink->redraws)
		out_end_record(view->out);
}

void view_row(struct view *view, const struct row *row)
{
	emit(view, row);
}

/* A row that is complete as it comes: of a close, of a handshake. */
static void show_event(struct view *view, const struct event *ev)
{
	struct row row = view_row_of_event(view, ev);

	if (view->sort) {
		struct value v = view->sort->get(&row);

		held_put(&view->held, ev, value_number(&v), view->context.clock->realtime_offset_ns);
		return;
	}
	emit(view, &row);
	if (view->rows && ++view->printed >= view->rows)
		view->consumer->done = true;
}

void view_handshake(struct view *view, const struct event *ev)
{
	show_event(view, ev);
}

static void on_handshake(struct consumer *c, const struct event *ev)
{
	show_event(c->state, ev);
}

/* One socket's sums, which are told and forgotten when it closes. */
static void show_sums(struct view *view, const struct event *ev)
{
	struct group *g = sums_of_close(view, ev);
	struct ranked r = {.kind = RANKED_GROUP, .group = g};
	struct row row;

	if (!g)
		return;
	view->tick_ns = ev->time_ns;
	view_row_of(view, &r, &row);
	emit(view, &row);
	group_table_remove(&view->filling->groups, g);
}

static void on_closed(struct consumer *c, const struct event *ev)
{
	struct view *view = c->state;

	if (view->per_close && ev->head.state != ST_LISTEN)
		show_sums(view, ev);
	else if (!view->per_close)
		show_event(view, ev);
}

/* What the view ranks by if it is not told otherwise. */
static uint64_t bytes_of(const struct view *view, const struct ev_count *c)
{
	return (view->context.skip_tx ? 0 : c->tx_bytes) + (view->context.skip_rx ? 0 : c->rx_bytes);
}

static void put_flow(struct view *view, const struct news *news, bool is_row)
{
	struct ranked *r = NULL;

	if (is_row && view->filling->best)
		rank_put(view->filling, news, (double)bytes_of(view, &news->count));
	else if (is_row)
		r = batch_put(view->filling, news);
	if (view->history)
		judge_news(view, news, r ? batch_verdict(view->filling, r) : NULL);
}

static void on_interval(struct consumer *c, const struct news *news)
{
	struct view *view = c->state;

	bool is_row = view->sums ? news->grew : moves_any(&view->moves, news);

	if (view->sockets)
		return;
	if (!view->grouping.keys)
		put_flow(view, news, is_row);
	else if (is_row)
		sums_enter(view, news);
}

static void on_reset(struct consumer *c, const struct event *ev)
{
	struct view *view = c->state;

	if (!view->sockets)
		sums_reset(view, ev);
}

/* A socket that is there, whatever it did: its row, or its share in the count of its group. */
static void put_present(struct view *view, const struct flow *f)
{
	const struct news news = {.flow = f, .count = f->count};

	if (view->grouping.keys)
		sums_enter(view, &news);
	else
		batch_put_present(view->filling, f);
}

static void take_present(struct view *view)
{
	const struct flow_table *t = &view->consumer->engine->flows;

	for (uint32_t i = 0; i < t->used; i++) {
		const struct flow *f = &t->flow[i];

		if (f->has_ident && f->wanted >> view->consumer->index & 1 &&
		    view->consumer->states >> f->state & 1)
			put_present(view, f);
	}
}

static void set_ranks(struct view *view, struct batch *b)
{
	for (size_t i = 0; i < b->rows; i++) {
		struct ranked *r = &b->row[i];
		struct row row;
		struct value v;

		if (!view->sort) {
			r->rank = (double)bytes_of(view, &r->delta);
			continue;
		}
		view_row_of(view, r, &row);
		v = view->sort->get(&row);
		r->rank = value_number(&v);
	}
}

static size_t rows_wanted(const struct view *view)
{
	size_t limit = view->shown->rows;

	if (view->rows && view->rows < limit)
		limit = view->rows;
	if (view->room && view->room < limit)
		limit = view->room;
	return limit;
}

#define ROWS_BETWEEN 256
#define ROWS_AHEAD 4

static void prefetch_row(const struct ranked *r)
{
	if (r->kind == RANKED_FLOW)
		flow_prefetch(r->flow);
}

static void print_rows(struct view *view, size_t limit, int family)
{
	for (size_t i = 0; i < limit; i++) {
		struct row row;

		if (i + ROWS_AHEAD < limit)
			prefetch_row(&view->shown->row[i + ROWS_AHEAD]);
		view_row_of(view, &view->shown->row[i], &row);
		if (family && (row.ident && !addr_is_v4(&row.ident->raddr) ? 6 : 4) != family)
			continue;
		emit(view, &row);
		if (i % ROWS_BETWEEN == ROWS_BETWEEN - 1 && view->meanwhile)
			view->meanwhile(view->meanwhile_context);
	}
}

/* What the kernel counts for no socket. */
static void print_host(struct view *view)
{
	struct row row = {.context = &view->context, .time_ns = view->tick_ns, .group = "host",
			  .is_host = true};
	const struct engine *e = view->consumer->engine;

	for (int i = 0; i < COUNTER_COUNT; i++)
		view->scratch.value[i] = e->host_now[i] - view->consumer->pace->host_then[i];
	view->scratch.known = sums_known(view, true);
	row.counters = &view->scratch;
	emit(view, &row);
}

void view_redraw(struct view *view)
{
	size_t limit;

	view->section_now = -1;
	view->sink->tick_begin(view);
	limit = rows_wanted(view);
	if (view->layout.section_per_family) {
		print_rows(view, limit, 4);
		print_rows(view, limit, 6);
	} else {
		print_rows(view, limit, 0);
	}
	if (view->sums && view->needs & NEED_HOST && view->consumer->engine->has_host)
		print_host(view);
	view->sink->tick_end(view);
	out_end_record(view->out);
}

/* From here on, what comes belongs to the next interval. */
static void swap_batches(struct view *view)
{
	struct batch *b = view->filling;

	view->filling = view->shown;
	view->shown = b;
	batch_clear(view->filling);
}

/* What came while rows were written goes on in the batch whose memory has been touched. */
static void fill_shown(struct view *view)
{
	if (view->filling->rows || view->filling->others)
		return;
	swap_batches(view);
	if (view->grouping.keys)
		batch_move_groups(view->filling, view->shown);
}

/* The first begins with the engine's intervals. */
static uint64_t interval_began(const struct view *view)
{
	return view->tick_ns ? view->tick_ns : view->consumer->engine->begun_ns;
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	struct view *view = c->state;
	const struct engine *e = c->engine;
	size_t want;

	if (view->per_close)
		return;
	view->context.interval_us = (time_ns - interval_began(view)) / 1000;
	view->tick_ns = time_ns;
	if (view->sockets)
		take_present(view);
	batch_put_groups(view->filling);
	batch_put_others(view->filling);
	swap_batches(view);
	set_ranks(view, view->shown);
	want = rows_wanted(view);
	if (view->sink->redraws && want < VIEW_REDRAW_ROWS)
		want = VIEW_REDRAW_ROWS;
	rank_rows(view->shown, want);
	view_redraw(view);
	if (view->sink->redraws)
		batch_freeze(view->shown, want, &e->flows, e->extra);
	else
		fill_shown(view);
	view->filling->best = rows_shown(view);
}

void view_gap(struct view *view, const struct source_gap *gap)
{
	if (!view->sink->gap)
		return;
	view->sink->gap(view, gap);
	out_end_record(view->out);
}

static void on_gap(struct consumer *c, const struct source_gap *gap)
{
	view_gap(c->state, gap);
}

static void on_resized(struct consumer *c)
{
	struct view *view = c->state;

	if (view->sink->redraws && c->ticks)
		view_redraw(view);
}

/*
 * Rows of a file are told in the time of when they came, as if they had not waited; of what happens
 * now, all are told by the clock as it is.
 */
static void emit_held(struct view *view)
{
	struct clock *clock = view->context.clock;
	bool is_of_file = view->context.source && view->context.source->offline;
	int64_t now_ns = clock->realtime_offset_ns, then_ns;

	held_sort(&view->held);
	for (size_t i = 0; i < view->held.count; i++) {
		struct row row = view_row_of_event(view, held_event(&view->held, i, &then_ns));

		clock->realtime_offset_ns = is_of_file ? then_ns : now_ns;
		emit(view, &row);
	}
	clock->realtime_offset_ns = now_ns;
}

void view_end(struct view *view, const struct account *account)
{
	emit_held(view);
	view->sink->end(view, account);
	out_end_record(view->out);
}

static void on_end(struct consumer *c, const struct account *account)
{
	view_end(c->state, account);
}

static uint64_t overflow(const struct consumer *c)
{
	const struct view *view = c->state;

	return view->batch[0].overflow + view->batch[1].overflow +
	       (view->rows ? 0 : view->held.passed_over);
}

const struct consumer_ops view_consumer = {
	.name = "view",
	.interval = on_interval,
	.closed = on_closed,
	.handshake = on_handshake,
	.reset = on_reset,
	.gap = on_gap,
	.tick = on_tick,
	.resized = on_resized,
	.end = on_end,
	.overflow = overflow,
};
