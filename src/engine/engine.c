// SPDX-License-Identifier: BSD-2-Clause
#include "engine/engine.h"

#include "engine/filter.h"
#include "engine/settings.h"

#define NS_PER_S 1000000000ull

void engine_init(struct engine *e, const struct settings *settings, const struct filter *filter,
		 struct view *view)
{
	uint32_t limit = (uint32_t)settings->max_flows;

	*e = (struct engine){.settings = settings, .filter = filter, .view = view};
	if (view->when == VIEW_ON_TICK)
		flow_table_init(&e->flows, limit);
	view_init(view, limit);
	if (view->counters) {
		ledger_init(&e->ledger, &e->flows, filter, view);
		view->ledger = &e->ledger;
	}
}

void engine_done(struct engine *e)
{
	view_done(e->view);
	ledger_done(&e->ledger);
	if (e->flows.flow)
		flow_table_done(&e->flows);
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* A reading may be torn by a segment: a counter never goes back, the next reading mends it. */
static void raise_count(struct ev_count *c, const struct ev_count *now)
{
	c->tx_bytes = later(c->tx_bytes, now->tx_bytes);
	c->rx_bytes = later(c->rx_bytes, now->rx_bytes);
	c->acked_bytes = later(c->acked_bytes, now->acked_bytes);
	c->retrans_bytes = later(c->retrans_bytes, now->retrans_bytes);
	c->retrans_segs = (__u32)later(c->retrans_segs, now->retrans_segs);
	c->srtt_us = now->srtt_us;
	c->min_rtt_us = now->min_rtt_us;
}

static void keep(struct engine *e, const struct event *ev)
{
	struct flow *f = flow_table_add(&e->flows, ev->head.id);
	bool is_new;

	if (!f)
		return;
	/* A sample that was read just before the close has nothing to add to it. */
	if (f->closed)
		return;
	is_new = !f->has_ident;
	f->state = ev->head.state;
	raise_count(&f->count, &ev->count);
	if (ev->head.flags & EV_HAS_IDENT) {
		f->ident = ev->ident;
		f->has_ident = true;
		f->wanted = filter_matches(e->filter, &f->ident);
		f->verdict = 0;
		/* What an adopted flow moved before we knew it belongs to no interval. */
		if (is_new && f->ident.seen == SEEN_ADOPTED)
			f->reported = f->count;
	}
	if (ev->head.kind == EV_CLOSE) {
		f->closed = true;
		f->closed_ns = ev->time_ns;
		f->end_reason = ev->head.end_reason;
		f->error = ev->head.error;
	}
	flow_table_note_news(&e->flows, f);
}

void engine_event(void *context, const struct event *ev)
{
	struct engine *e = context;

	if (ev->head.kind == EV_TIME)
		return;
	if (e->view->counters) {
		ledger_event(&e->ledger, ev);
		return;
	}
	if (ev->head.kind == EV_RESET)
		return;
	if (e->view->when == VIEW_ON_TICK)
		keep(e, ev);
	else if ((ev->head.kind == EV_CLOSE || ev->head.kind == EV_HANDSHAKE) &&
		 filter_matches(e->filter, &ev->ident))
		view_flow_closed(e->view, ev);
}

/* The last tick's rows may have been drawn again until now; their closed flows can go. */
static void drop_closed(struct engine *e)
{
	while (e->leaving_head) {
		struct flow *f = &e->flows.flow[e->leaving_head - 1];

		e->leaving_head = f->slot_next;
		flow_table_remove(&e->flows, f);
	}
	e->view->ranked_count = 0;
}

void engine_tick(struct engine *e, uint64_t time_ns)
{
	struct flow *f;

	if (e->view->when != VIEW_ON_TICK)
		return;
	drop_closed(e);
	while ((f = flow_table_take_news(&e->flows))) {
		if (f->wanted)
			view_collect(e->view, f);
		f->reported = f->count;
		if (f->closed) {
			f->slot_next = e->leaving_head;
			e->leaving_head = (uint32_t)(f - e->flows.flow) + 1;
		}
	}
	view_tick(e->view, time_ns);
	e->ticks++;
}

bool engine_advance(struct engine *e, uint64_t time_ns)
{
	uint64_t interval_ns = e->settings->interval_s * NS_PER_S;

	if (e->view->when != VIEW_ON_TICK)
		return true;
	/* Without an interval there is one tick, at the end. */
	if (!interval_ns) {
		e->next_tick_ns = time_ns;
		return true;
	}
	if (!e->next_tick_ns)
		e->next_tick_ns = time_ns + interval_ns;
	while (time_ns >= e->next_tick_ns) {
		engine_tick(e, e->next_tick_ns);
		e->next_tick_ns += interval_ns;
		if (e->settings->count && e->ticks >= e->settings->count)
			return false;
	}
	return true;
}
