// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/history_rows.h"

#include <stdlib.h>

#include "engine/column.h"
#include "engine/row.h"
#include "engine/value.h"
#include "util/xalloc.h"
#include "view/view.h"

static uint64_t bytes_of(const struct group *g)
{
	return g ? g->count.tx_bytes + g->count.rx_bytes : 0;
}

/* What of `now` is ten times `then`, with enough of it to say so: bits of enum past_measure. */
static unsigned more_than(const uint64_t now[PAST_MEASURES], const uint64_t then[PAST_MEASURES])
{
	static const uint64_t least[PAST_MEASURES] = {
		[PAST_FLOWS] = PAST_FLOWS_MIN,
		[PAST_BYTES] = PAST_BYTES_MIN,
		[PAST_FAILURES] = PAST_FLOWS_MIN,
		[PAST_RETRANS] = PAST_FLOWS_MIN,
	};
	unsigned more = 0;

	for (unsigned i = 0; i < PAST_MEASURES; i++)
		if (now[i] >= least[i] && now[i] >= PAST_TIMES * then[i])
			more |= 1u << i;
	return more;
}

static void measure(const struct history_sums *s, const struct group *g, uint64_t ret[PAST_MEASURES])
{
	ret[PAST_FLOWS] = g->flows;
	ret[PAST_BYTES] = bytes_of(g);
	ret[PAST_FAILURES] = history_sums_of(s, g)->past.failures;
	ret[PAST_RETRANS] = g->count.retrans_segs;
}

/* Of what there is more is told first: it is the news. */
static void set_change(const struct history_rows *r, struct history_row *row)
{
	struct past_then *t = &row->change;
	uint64_t now[PAST_MEASURES] = {0}, then[PAST_MEASURES] = {0};

	if (row->now)
		measure(r->now, row->now, now);
	if (row->then)
		measure(r->then, row->then, then);
	*t = (struct past_then){
		.flows = then[PAST_FLOWS],
		.bytes = then[PAST_BYTES],
		.failures = then[PAST_FAILURES],
		.retrans = then[PAST_RETRANS],
	};
	if (!row->now || !row->then) {
		t->change = row->now ? PAST_NEW : PAST_GONE;
		return;
	}
	t->in = more_than(now, then);
	t->change = t->in ? PAST_MORE : PAST_SAME;
	if (t->in)
		return;
	t->in = more_than(then, now);
	t->change = t->in ? PAST_LESS : PAST_SAME;
}

static void add(struct history_rows *r, const struct group *now, const struct group *then)
{
	if (r->count == r->size) {
		r->size = r->size ? 2 * r->size : 64;
		r->row = xrealloc(r->row, r->size * sizeof(*r->row));
	}
	r->row[r->count++] = (struct history_row){.now = now, .then = then};
}

struct row history_rows_get(const struct history_rows *r, struct view *view, size_t i)
{
	const struct history_row *h = &r->row[i];
	const struct group *g = h->now ? h->now : h->then;
	const struct history_sums *s = h->now ? r->now : r->then;
	const struct history_sum *sum = history_sums_of(s, g);
	static const struct group none;
	static const struct past nothing;
	bool has_flow = view->grouping.shares & SHARE_ALL;
	struct row row = {
		.context = &view->context,
		.time_ns = r->now->span.end_ns,
		.id = has_flow ? sum->last_id : 0,
		.state = sum->state,
		.end_reason = has_flow ? sum->end_reason : 0,
		.error = has_flow ? sum->error : 0,
		.flows = h->now ? g->flows : none.flows,
		.count = h->now ? g->count : none.count,
		.ident = has_flow ? &sum->last : NULL,
		.common = sum->busiest_id ? &sum->busiest : &sum->last,
		.shares = view->grouping.shares,
		.busiest = sum->busiest_bytes ? &sum->busiest : NULL,
		.key = &g->key,
		.past = h->now ? &sum->past : &nothing,
		.span = &r->now->span,
		.then = r->then ? &h->change : NULL,
		.verdict = h->now && sum->worst.rule ? &sum->worst : NULL,
		.judged = &sum->worst_ident,
	};

	if (view->grouping.name)
		view->grouping.name(view, g, &row);
	return row;
}

static void set_ranks(struct history_rows *r, struct view *view)
{
	for (size_t i = 0; i < r->count; i++) {
		struct history_row *h = &r->row[i];
		uint64_t now = bytes_of(h->now), then = bytes_of(h->then);

		if (view->sort) {
			struct row row = history_rows_get(r, view, i);
			struct value v = view->sort->get(&row);

			h->rank = value_number(&v);
		} else {
			h->rank = (double)(now > then ? now : then);
		}
	}
}

/* What is not as it was comes first, then the largest; of equals that which was met first. */
static int compare_rows(const void *a, const void *b)
{
	const struct history_row *x = a, *y = b;
	bool x_same = x->change.change == PAST_SAME, y_same = y->change.change == PAST_SAME;
	uint64_t x_flows, y_flows;

	if (x_same != y_same)
		return x_same - y_same;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	x_flows = x->now ? x->now->flows : x->change.flows;
	y_flows = y->now ? y->now->flows : y->change.flows;
	if (x_flows != y_flows)
		return x_flows > y_flows ? -1 : 1;
	if (!x->now != !y->now)
		return x->now ? -1 : 1;
	return x->now ? (x->now > y->now) - (x->now < y->now) : (x->then > y->then) - (x->then < y->then);
}

void history_rows_make(struct history_rows *r, struct view *view, const struct history_sums *now,
		       const struct history_sums *then, bool with_same)
{
	size_t kept = 0;

	*r = (struct history_rows){.now = now, .then = then};
	for (uint32_t i = 0; i < now->groups.used; i++) {
		const struct group *g = &now->groups.group[i];

		add(r, g, then ? group_table_find(&then->groups, &g->key) : NULL);
	}
	for (uint32_t i = 0; then && i < then->groups.used; i++) {
		const struct group *g = &then->groups.group[i];

		if (!group_table_find(&now->groups, &g->key))
			add(r, NULL, g);
	}
	for (size_t i = 0; then && i < r->count; i++) {
		set_change(r, &r->row[i]);
		r->changed[r->row[i].change.change]++;
		if (with_same || r->row[i].change.change != PAST_SAME)
			r->row[kept++] = r->row[i];
	}
	if (then)
		r->count = kept;
	set_ranks(r, view);
	if (r->count)
		qsort(r->row, r->count, sizeof(*r->row), compare_rows);
}

void history_rows_done(struct history_rows *r)
{
	free(r->row);
	r->row = NULL;
}
