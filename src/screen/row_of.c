// SPDX-License-Identifier: BSD-2-Clause
#include "screen/row_of.h"

#include <string.h>

#include "engine/column.h"
#include "engine/group.h"
#include "screen/lines.h"
#include "view/sums.h"
#include "view/view.h"

struct ev_count row_delta(const struct moment *m, size_t track)
{
	const struct track_hot *h = &m->hot[track];

	if (track_has_news(h, m->tick))
		return h->delta;
	return (struct ev_count){.srtt_us = h->delta.srtt_us, .min_rtt_us = h->delta.min_rtt_us};
}

/* Totals: they are what a flow has, also where it is one of a kind. */
static void set_counters(struct row_maker *m, size_t track, struct row *row)
{
	const struct track_cold *c = &m->moment->cold[track];
	const struct track_hot *h = &m->moment->hot[track];
	const struct reading reading = {
		.state = h->state,
		.role = c->flow.ident.role,
		.closed = h->close_ns,
		.error = h->close_ns && !(c->flags & EV_SOFT_ERROR) ? c->error : 0,
		.count = &c->flow.count,
		.extra = &c->extra,
	};

	counter_read(&reading, m->counters.value);
	memcpy(m->counters.congestion, c->extra.congestion, sizeof(m->counters.congestion));
	m->counters.known = sums_known(m->view, false);
	row->counters = &m->counters;
}

static void set_verdict(struct row_maker *m, const struct rule *rule, unsigned severity,
			unsigned limit, struct row *row)
{
	if (!rule)
		return;
	m->verdict.rule = rule;
	m->verdict.severity = severity;
	m->verdict.limit = limit;
	row->verdict = &m->verdict;
}

void row_of_track(struct row_maker *m, size_t track, struct row *ret)
{
	const struct track_hot *h = &m->moment->hot[track];
	const struct track_cold *c = &m->moment->cold[track];

	*ret = (struct row){
		.context = &m->view->context,
		.time_ns = h->close_ns ? h->close_ns : m->moment->time_ns,
		.id = h->id,
		.state = h->state,
		.end_reason = h->end_reason,
		.error = c->error,
		.flows = 1,
		.count = m->totals ? c->flow.count : row_delta(m->moment, track),
		.ident = &c->flow.ident,
		.extra = h->has_extra ? &c->extra : NULL,
	};
	if (h->has_extra && !m->without_counters)
		set_counters(m, track, ret);
	set_verdict(m, h->rule, h->severity, h->limit, ret);
}

void row_of_sum(struct row_maker *m, const struct sum *s, struct row *ret)
{
	const struct track_cold *first = &m->moment->cold[s->first];
	struct view *view = m->view;
	struct group group = {.flows = s->flows};
	struct row row = {
		.context = &view->context,
		.time_ns = m->moment->time_ns,
		.flows = s->flows,
		.count = s->count,
		.common = &first->flow.ident,
		.shares = view->grouping.shares,
	};
	uint32_t note = 0;

	row.count.srtt_us = s->weight > 0 ? (uint32_t)(s->srtt / s->weight) : 0;
	row.ident = s->flows == 1 ? &first->flow.ident : NULL;
	set_verdict(m, s->rule, s->severity, LIMIT_COUNT, &row);
	view->grouping.keys(view, &first->flow, &note, &group.key);
	if (view->grouping.name)
		view->grouping.name(view, &group, &row);
	*ret = row;
}
