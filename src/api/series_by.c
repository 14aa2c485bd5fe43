// SPDX-License-Identifier: BSD-2-Clause
/*
 * /api/v1/series?group=: what groups of connections moved in the last minutes, step by step, from the
 * trails of those that live and of those that closed since. Groups in which nothing moved are left out.
 */
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/ask.h"
#include "api/rows.h"
#include "api/state.h"
#include "api/sums_by.h"
#include "engine/clock.h"
#include "engine/column.h"
#include "engine/engine.h"
#include "serve/http.h"
#include "util/out.h"
#include "util/xalloc.h"
#include "view/view.h"

#define LIMIT_DEFAULT 100
#define NS_PER_S 1000000000ull
#define NS_PER_US 1000
/* Groups that are written before the loop sees what else there is to do. */
#define ROWS_AT_ONCE 20

/* What a group moved, by step: [0] is the first one that is asked for. */
struct moved {
	uint64_t tx_bytes[TRAIL_POINTS], rx_bytes[TRAIL_POINTS], retrans[TRAIL_POINTS];
};

struct series_asked {
	struct api *api;
	struct ask *ask;
	struct sums_by by;
	struct out scratch;
	const char *names[SUMS_BY_MAX];
	const struct sum **order; /* NULL: nothing was summed up yet */
	size_t count, at;	  /* of those that are written */
	struct moved *moved[SUMS_GROUPS_MAX + 1]; /* by number of the group */
	uint32_t from, to;			  /* steps; that before `to` is the last */
	int64_t from_us; /* how long ago the first is; 0: the first that is kept */
	unsigned metrics;
	uint64_t step_s;
	bool is_whole;
};

static double tx_bytes(const struct moved *m, uint32_t i)
{
	return (double)m->tx_bytes[i];
}

static double rx_bytes(const struct moved *m, uint32_t i)
{
	return (double)m->rx_bytes[i];
}

static double retrans(const struct moved *m, uint32_t i)
{
	return (double)m->retrans[i];
}

static const struct metric {
	const char *name;
	double (*get)(const struct moved *m, uint32_t i);
	bool is_rate;
} metrics[] = {
	{"tx_bytes", tx_bytes},	     {"rx_bytes", rx_bytes},	  {"retrans", retrans},
	{"tx_rate", tx_bytes, true}, {"rx_rate", rx_bytes, true}, {"retrans_rate", retrans, true},
};
#define METRICS (sizeof(metrics) / sizeof(metrics[0]))

static uint64_t key_bytes(const struct sum *s)
{
	return s->tx_bytes + s->rx_bytes;
}

/* The present step has not ended, and has taken the place of the first. */
static void choose_steps(struct series_asked *a)
{
	const struct live *l = &a->api->live;
	uint64_t since_ns;

	a->to = l->step;
	a->from = a->to > TRAIL_POINTS - 1 ? a->to - (TRAIL_POINTS - 1) : 0;
	if (!a->from_us || (uint64_t)a->from_us * NS_PER_US > l->tick_ns)
		return;
	since_ns = l->tick_ns - (uint64_t)a->from_us * NS_PER_US;
	while (a->from < a->to && l->began_ns + (a->from + 1) * TRAIL_STEP_S * NS_PER_S <= since_ns)
		a->from++;
}

static struct moved *moved_of(struct series_asked *a, struct sum *sum)
{
	struct moved **m = &a->moved[sum->number];

	sum->flows++;
	if (!*m)
		*m = xcalloc(1, sizeof(**m));
	return *m;
}

static void add(const struct series_asked *a, struct moved *m, struct sum *sum, uint32_t step,
		const struct trail_point *p)
{
	uint32_t i = step - a->from;

	m->tx_bytes[i] += (uint64_t)p->tx_bytes;
	m->rx_bytes[i] += (uint64_t)p->rx_bytes;
	m->retrans[i] += p->retrans;
	sum->tx_bytes += (uint64_t)p->tx_bytes;
	sum->rx_bytes += (uint64_t)p->rx_bytes;
}

static void take_live(struct series_asked *a, uint32_t slot)
{
	struct api *api = a->api;
	const struct live_flow *mine = &api->live.flow[slot];
	const struct flow *f = &api->consumer->engine->flows.flow[slot];
	uint32_t from = a->from, to = a->to;
	struct trail_point p;
	struct kept kept;
	struct moved *m;
	struct sum *sum;
	struct row row;

	if (!mine->id || mine->listens || !ask_takes(a->ask, &f->ident, f->state))
		return;
	a->is_whole &= !mine->is_untold;
	if (!live_steps(&api->live, mine->trail, &from, &to))
		return;
	row = rows_live_row(api, slot, &kept, sums_by_needs(&a->by));
	sum = sums_by_of(&a->by, &a->scratch, &row);
	m = moved_of(a, sum);
	for (; from < to; from++)
		if (live_then(&api->live, slot, from, &p))
			add(a, m, sum, from, &p);
}

/* The steps in which one that closed moved what it moved. */
static bool steps_of_closed(const struct series_asked *a, const struct live_left *left,
			    uint32_t *from, uint32_t *to)
{
	*from = a->from;
	*to = a->to;
	if (left->trail)
		return live_steps(&a->api->live, left->trail, from, to);
	*from = left->step;
	*to = left->step + 1;
	return left->step >= a->from && left->step < a->to;
}

static void take_closed(struct series_asked *a, const struct lately_entry *e)
{
	const struct ev_count *c = &e->ev.count;
	const struct trail_point all = {.tx_bytes = (float)c->tx_bytes,
					.rx_bytes = (float)c->rx_bytes,
					.retrans = c->retrans_segs};
	struct kept kept = {.ev = e->ev};
	struct trail_point p = all;
	uint32_t from, to;
	struct moved *m;
	struct sum *sum;
	struct row row;

	if (e->left.step < a->from || e->ev.head.state == ST_LISTEN ||
	    !ask_takes(a->ask, &e->ev.ident, e->ev.head.state))
		return;
	/* Its trail has gone to another: what it moved, and when, is not known any more. */
	if (!live_left_then(&a->api->live, &e->left, a->from, &p)) {
		a->is_whole = false;
		return;
	}
	if (!steps_of_closed(a, &e->left, &from, &to))
		return;
	row = rows_row(a->api, &kept, a->api->live.tick_ns);
	sum = sums_by_of(&a->by, &a->scratch, &row);
	m = moved_of(a, sum);
	for (; from < to; from++) {
		p = all;
		if (live_left_then(&a->api->live, &e->left, from, &p))
			add(a, m, sum, from, &p);
	}
}

static void sum_up(struct series_asked *a)
{
	const struct live *l = &a->api->live;
	const struct lately *closed = &a->api->closed;
	size_t count = lately_count(closed);
	uint64_t from_ns;

	choose_steps(a);
	from_ns = l->began_ns + a->from * TRAIL_STEP_S * NS_PER_S;
	sums_by_begin(&a->by, &a->scratch);
	a->is_whole = !closed->dropped ||
		      (count && lately_latest(closed, count - 1)->ev.time_ns < from_ns);
	for (uint32_t slot = 0; slot < l->used; slot++)
		take_live(a, slot);
	for (size_t i = 0; i < count; i++)
		take_closed(a, lately_latest(closed, i));
	a->order = sums_by_sorted(&a->by, key_bytes);
	a->count = sums_by_count(&a->by);
	if (a->count > a->ask->limit)
		a->count = a->ask->limit;
}

/* One past the last step of the point that begins at `step`: points stand on multiples of themselves. */
static uint32_t end_of(const struct series_asked *a, uint32_t step)
{
	uint32_t steps = (uint32_t)a->step_s / TRAIL_STEP_S, end = (step / steps + 1) * steps;

	return end < a->to ? end : a->to;
}

static void put_times(const struct series_asked *a, struct out *out)
{
	const struct live *l = &a->api->live;
	int64_t offset_ns = a->api->view->context.clock->realtime_offset_ns;
	const char *before = "";

	out_str(out, ",\"time\":[");
	for (uint32_t step = a->from; step < a->to; before = ",") {
		step = end_of(a, step);
		out_format(out, "%s%.3f", before,
			   (double)((int64_t)(l->began_ns + step * TRAIL_STEP_S * NS_PER_S) +
				    offset_ns) / NS_PER_S);
	}
	out_char(out, ']');
}

static void put_metric(const struct series_asked *a, const struct metric *metric,
		       const struct moved *m, struct out *out)
{
	const char *before = "";

	out_format(out, ",\"%s\":[", metric->name);
	for (uint32_t step = a->from, end; step < a->to; step = end, before = ",") {
		double sum = 0;

		end = end_of(a, step);
		for (uint32_t i = step; i < end; i++)
			sum += metric->get(m, i - a->from);
		if (metric->is_rate)
			out_format(out, "%s%.6g", before, sum / ((end - step) * TRAIL_STEP_S));
		else
			out_format(out, "%s%.0f", before, sum);
	}
	out_char(out, ']');
}

static void put_head(struct series_asked *a, struct out *out)
{
	out_char(out, '{');
	rows_put_moment(a->api, a->api->live.tick_ns, out);
	out_format(out, ",\"step\":%llu,\"complete\":%s,\"groups\":%zu",
		   (unsigned long long)a->step_s, a->is_whole ? "true" : "false",
		   sums_by_count(&a->by));
	put_times(a, out);
	out_str(out, ",\"rows\":[");
}

static bool more(void *context, struct out *out)
{
	struct series_asked *a = context;

	out->for_web = true;
	if (!a->order) {
		sum_up(a);
		put_head(a, out);
	}
	for (int n = 0; n < ROWS_AT_ONCE && a->at < a->count; n++, a->at++) {
		const struct sum *sum = a->order[a->at];

		if (a->at)
			out_char(out, ',');
		sums_by_put_values(&a->by, sum, a->names, out);
		for (size_t i = 0; i < METRICS; i++)
			if (a->metrics >> i & 1)
				put_metric(a, &metrics[i], a->moved[sum->number], out);
		out_char(out, '}');
	}
	if (a->at < a->count)
		return true;
	out_str(out, "]}\n");
	return false;
}

static void done(void *context)
{
	struct series_asked *a = context;
	size_t len;

	if (a->order) {
		free(out_take(&a->scratch, &len));
		sums_by_done(&a->by);
	}
	for (size_t i = 0; i <= SUMS_GROUPS_MAX; i++)
		free(a->moved[i]);
	free(a->order);
	ask_free(a->ask);
	free(a);
}

static bool read_metrics(struct series_asked *a, struct http_request *q)
{
	const char *names[METRICS];

	for (size_t i = 0; i < METRICS; i++)
		names[i] = metrics[i].name;
	return answer_read_metrics(q, names, METRICS,
				   "of groups there are tx_bytes, rx_bytes, retrans, tx_rate, rx_rate "
				   "and retrans_rate",
				   &a->metrics);
}

void answer_series_by(struct api *api, struct http_request *q)
{
	static const struct ask_defaults defaults = {"id", NULL, LIMIT_DEFAULT};
	static const struct http_pieces pieces = {.more = more, .done = done};
	struct series_asked *a = xcalloc(1, sizeof(*a));

	a->api = api;
	if (!answer_read_by(&a->by, q, "group", http_query(q, "group")) || !read_metrics(a, q) ||
	    !answer_read_from(q, &a->from_us) || !answer_read_step(q, TRAIL_STEP_S, &a->step_s))
		goto fail;
	a->ask = answer_ask(api, q, &defaults);
	if (!a->ask)
		goto fail;
	if (a->ask->states) {
		http_problem(q, 400, "bad state", "the states of an earlier moment are not kept",
			     "state", SIZE_MAX);
		goto fail;
	}
	for (size_t i = 0; i < a->by.columns; i++)
		a->names[i] = a->by.column[i]->name;
	http_answer_pieces(q, 200, "application/json", &pieces, a);
	return;
fail:
	done(a);
}
