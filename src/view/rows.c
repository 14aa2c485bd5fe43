// SPDX-License-Identifier: BSD-2-Clause
/* What stands in a row: from an event, a flow, a group, the host. */
#include <string.h>

#include "engine/engine.h"
#include "view/judge.h"
#include "view/sums.h"
#include "view/view.h"

static void set_counters(struct view *view, struct row *row, const struct reading *reading)
{
	counter_read(reading, view->scratch.value);
	memcpy(view->scratch.congestion, reading->extra->congestion,
	       sizeof(view->scratch.congestion));
	view->scratch.known = sums_known(view, false);
	row->counters = &view->scratch;
}

struct row view_row_of_event(struct view *view, const struct event *ev)
{
	struct row row = row_of_event(&view->context, ev);

	if (view->needs & NEED_EXTRA && ev->head.flags & EV_HAS_EXTRA) {
		const struct reading reading = {
			.state = ev->head.state,
			.role = ev->ident.role,
			.closed = ev->head.kind == EV_CLOSE,
			.error = reading_error(&ev->head),
			.count = &ev->count,
			.extra = &ev->extra,
		};

		row.extra = &ev->extra;
		set_counters(view, &row, &reading);
	}
	if (view->needs & NEED_VERDICT) {
		judge_event(ev, &view->judged);
		row.verdict = &view->judged;
		row.extra = ev->head.flags & EV_HAS_EXTRA ? &ev->extra : NULL;
	}
	return row;
}

static void set_flow(struct view *view, const struct flow *f, const struct ranked *r, struct row *row)
{
	*row = (struct row){
		.context = &view->context,
		.time_ns = view->tick_ns,
		.id = f->id,
		.state = f->state,
		.flows = 1,
		.count = r->delta,
		.ident = &f->ident,
	};
}

/* Totals of a socket that is there. */
static void set_present(struct view *view, const struct flow *f, struct row *row)
{
	const struct reading reading = {
		.state = f->state,
		.role = f->ident.role,
		.count = &f->count,
		.extra = row->extra,
	};

	set_counters(view, row, &reading);
	if (row->extra->known & KNOWN_NO_COUNTERS)
		view->scratch.known &= 1ull << COUNTER_recv_q | 1ull << COUNTER_send_q;
}

static void set_group(struct view *view, const struct group *g, struct row *row)
{
	*row = (struct row){
		.context = &view->context,
		.time_ns = view->tick_ns,
		.flows = g->flows,
		.count = g->count,
	};

	sums_row(view, g, row);
	if (view->grouping.name)
		view->grouping.name(view, g, row);
}

static void set_others(struct view *view, struct row *row)
{
	struct batch *b = view->shown;

	b->others_counters.known = sums_known(view, false);
	*row = (struct row){
		.context = &view->context,
		.time_ns = view->tick_ns,
		.is_others = true,
		.group = "(others)",
		.flows = b->others,
		.count = b->others_count,
		.counters = view->needs & NEED_EXTRA ? &b->others_counters : NULL,
	};
}

void view_row_of(struct view *view, const struct ranked *r, struct row *row)
{
	const struct engine *e = view->consumer->engine;
	struct batch *b = view->shown;

	if (r->kind == RANKED_GROUP) {
		set_group(view, r->group, row);
		return;
	}
	if (r->kind == RANKED_OTHERS) {
		set_others(view, row);
		return;
	}
	if (r->kind == RANKED_GONE) {
		set_flow(view, &r->gone->flow, r, row);
		row->end_reason = r->gone->end_reason;
		row->error = r->gone->error;
		row->extra = r->gone->extra ? &b->extra[r->gone->extra - 1] : NULL;
	} else {
		set_flow(view, r->flow, r, row);
		row->extra = view->needs & NEED_EXTRA && e->extra
				    ? &e->extra[flow_table_slot(&e->flows, r->flow)]
				    : NULL;
	}
	if (view->sockets && row->extra) {
		set_present(view, r->flow, row);
	} else if (r->counters) {
		b->counters[r->counters - 1].known = sums_known(view, false);
		row->counters = &b->counters[r->counters - 1];
	}
	if (r->verdict) {
		row->verdict = &b->verdict[r->verdict - 1];
	} else if (view->sockets && view->needs & NEED_VERDICT) {
		judge_present(view, r->flow, row->extra, &view->judged);
		row->verdict = &view->judged;
	}
}
