// SPDX-License-Identifier: BSD-2-Clause
/* Events in: what each says goes into the flow, and who waits for it is told. */
#include <string.h>

#include "engine/engine.h"
#include "engine/filter.h"
#include "engine/tell.h"

static uint64_t wanted_by(const struct engine *e, const struct ev_ident *ident)
{
	uint64_t wanted = 0, bits = e->all_wanted;

	while (bits) {
		const struct consumer *c = engine_next_of(e, &bits);

		if (filter_matches(c->filter, ident))
			wanted |= 1ull << c->index;
	}
	return wanted;
}

/*
 * Whole microseconds from here on: a recording keeps no more, and what is shown live must be what is
 * shown from it. Returns `ev`, or a copy of the parts that it has.
 */
static const struct event *round_times(const struct event *ev, struct event *copy)
{
	if (!(ev->head.flags & EV_HAS_IDENT))
		return ev;
	if (!(ev->time_ns % 1000) && !(ev->ident.open_ns % 1000) &&
	    !(ev->ident.established_ns % 1000) && !(ev->head.flags & EV_HAS_HANDSHAKE))
		return ev;
	memcpy(copy, ev, ev_size(ev));
	copy->time_ns -= copy->time_ns % 1000;
	copy->ident.open_ns -= copy->ident.open_ns % 1000;
	copy->ident.established_ns -= copy->ident.established_ns % 1000;
	if (ev->head.flags & EV_HAS_HANDSHAKE)
		copy->handshake.first_ns -= copy->handshake.first_ns % 1000;
	return copy;
}

static void forget_notes(struct engine *e, uint32_t slot)
{
	for (unsigned i = 0; i < CONSUMERS_MAX && e->wants & WANT_NOTE; i++)
		if (e->all_wanted >> i & 1 && e->consumer[i]->note)
			e->consumer[i]->note[slot] = 0;
}

static bool is_bare(const struct event *ev)
{
	return ev->head.state == ST_TIME_WAIT || ev->head.state == ST_NEW_SYN_RECV;
}

/* All that an event says, into the flow. */
static void read_event(struct engine *e, struct flow *f, uint32_t slot, const struct event *ev)
{
	bool is_first = !f->has_ident, is_new;

	f->state = ev->head.state;
	if (!(ev->head.flags & EV_SAME))
		f->count = ev->count;
	f->is_whole = ev->head.flags & EV_HAS_EXTRA;
	if (e->extra && f->is_whole)
		e->extra[slot] = ev->extra;
	/* What is left of a socket that we knew: its owner was that of the socket. */
	if (ev->head.flags & EV_HAS_IDENT && (is_first || !is_bare(ev))) {
		is_new = is_first || memcmp(&f->ident, &ev->ident, sizeof(f->ident)) != 0;
		f->ident = ev->ident;
		f->has_ident = true;
		f->wanted = wanted_by(e, &ev->ident);
		if (is_new)
			forget_notes(e, slot);
	}
	/* What an adopted flow moved before we knew it belongs to no interval. */
	if (ev->head.flags & EV_BASELINE ||
	    (is_first && f->has_ident && f->ident.seen == SEEN_ADOPTED))
		for (unsigned i = 0; i < e->paces; i++)
			pace_baseline(&e->pace[i], f, slot, engine_extra(e, slot));
}

static void tell_opened(struct engine *e, const struct flow *f, uint64_t before)
{
	uint64_t bits = f->wanted & ~before;

	while (bits) {
		struct consumer *c = engine_next_of(e, &bits);

		if (c->wants & WANT_OPENED && engine_takes_state(c, f->state))
			c->ops->opened(c, f);
	}
}

/*
 * Of sockets that are many and say little: does anybody want it told? A consumer may want to know how
 * many there are, which needs no place in the table.
 */
static bool is_wanted_bare(struct engine *e, const struct event *ev)
{
	uint64_t bits = wanted_by(e, &ev->ident);
	bool is_wanted = false;

	while (bits) {
		struct consumer *c = engine_next_of(e, &bits);

		c->counted[ev->head.state] += c->counts >> ev->head.state & 1;
		is_wanted |= c->states >> ev->head.state & 1;
	}
	return is_wanted;
}

static void keep(struct engine *e, const struct event *ev)
{
	bool is_new;
	struct flow *f = flow_table_add(&e->flows, ev->head.id, &is_new);
	uint64_t before;
	uint32_t slot;

	if (!f)
		return;
	slot = flow_table_slot(&e->flows, f);
	/* It closed while rows are printed; the same id is another flow now. */
	if (f->closed)
		return;
	for (unsigned i = 0; is_new && i < e->paces; i++)
		pace_forget(&e->pace[i], slot);
	before = f->wanted;
	f->unmet = false;
	read_event(e, f, slot, ev);
	if (e->wants & WANT_OPENED && f->wanted & ~before)
		tell_opened(e, f, before);
	for (unsigned i = 0; f->news != e->all_paces; i++)
		if (!(f->news & e->pace[i].bit))
			pace_note(&e->pace[i], &e->flows, f);
}

/* A flow that is not in the table, or found no place there, was never told of. */
static struct flow *not_kept(struct engine *e, uint64_t id)
{
	struct flow *f = flow_table_scratch(&e->flows, id);

	for (unsigned i = 0; i < e->paces; i++)
		pace_forget(&e->pace[i], e->flows.limit);
	return f;
}

/* Is told of flows only when they end: whether one was followed until then is nothing to it. */
static bool sees_ends_alone(const struct consumer *c)
{
	return !(c->wants & (WANT_OPENED | WANT_INTERVALS));
}

static void tell_closed(struct engine *e, const struct event *ev, uint64_t wanted, enum ev_kind kind)
{
	uint64_t bits = wanted;

	while (bits) {
		struct consumer *c = engine_next_of(e, &bits);

		if (kind != EV_CLOSE && sees_ends_alone(c) != (kind == EV_CUT))
			continue;
		if (c->wants & WANT_CLOSED && !c->done && engine_takes_state(c, ev->head.state))
			c->ops->closed(c, ev);
	}
}

/* While rows are printed, they point into the table. */
static void leave(struct engine *e, struct flow *f)
{
	if (!e->is_ticking) {
		flow_table_remove(&e->flows, f);
		return;
	}
	f->closed = true;
	f->slot_next = e->leaving_head;
	e->leaving_head = flow_table_slot(&e->flows, f) + 1;
}

/* `kind` is EV_CLOSE or EV_LOST, whatever `ev` says. */
static void take_close(struct engine *e, const struct event *ev, enum ev_kind kind)
{
	struct flow *kept, *f;
	uint64_t before;

	kept = e->flows.flow ? flow_table_find(&e->flows, ev->head.id) : NULL;
	if (kept && kept->closed)
		return;
	/* Nobody was told of it, and nobody but of its end is. */
	if (!kept && !e->paces && !(e->wants & WANT_OPENED)) {
		tell_closed(e, ev, wanted_by(e, &ev->ident), kind);
		return;
	}
	f = kept ? kept : not_kept(e, ev->head.id);
	before = f->wanted;
	read_event(e, f, flow_table_slot(&e->flows, f), ev);
	if (e->wants & WANT_OPENED)
		tell_opened(e, f, before);
	f->news = 0;
	for (unsigned i = 0; i < e->paces; i++)
		engine_tell_interval(e, &e->pace[i], f, flow_table_slot(&e->flows, f), ev);
	tell_closed(e, ev, f->wanted, kind);
	if (kept)
		leave(e, kept);
}

/* What is an end to some alone: they are told of it as of one. */
static void take_partial_end(struct engine *e, const struct event *ev)
{
	enum ev_kind kind = ev->head.kind;
	struct event end;

	memcpy(&end, ev, ev_size(ev));
	end.head.kind = EV_CLOSE;
	if (kind == EV_LOST)
		take_close(e, &end, kind);
	else
		tell_closed(e, &end, wanted_by(e, &end.ident), kind);
}

static bool is_missing(const struct engine *e, const struct flow *f)
{
	/* A free slot still holds what it held. */
	return f->unmet && f->has_ident && !f->closed && f->state != ST_LISTEN &&
	       flow_table_find(&e->flows, f->id) == f;
}

/* The source is about to tell of every flow that there is. */
static void expect_all(struct engine *e)
{
	for (uint32_t slot = 0; slot < e->flows.used; slot++)
		e->flows.flow[slot].unmet = true;
}

/* The end that nobody was shown: as it was read last. */
static void close_missing(struct engine *e, const struct flow *f, uint64_t time_ns)
{
	const struct ev_extra *extra = engine_extra(e, flow_table_slot(&e->flows, f));
	struct event ev = {
		.head = {.id = f->id,
			 .kind = EV_CLOSE,
			 .state = f->state,
			 .flags = EV_HAS_IDENT | (extra ? EV_HAS_EXTRA : 0),
			 .end_reason = END_UNKNOWN},
		.count = f->count,
		.time_ns = time_ns,
		.ident = f->ident,
	};

	if (extra)
		ev.extra = *extra;
	e->unseen++;
	take_close(e, &ev, EV_CLOSE);
}

/*
 * Whoever was not told of has gone. Not if that were more than are missing by their number: some of
 * those live, and were only passed over.
 */
static void close_all_missing(struct engine *e, const struct event *all)
{
	uint32_t missing = 0;

	for (uint32_t slot = 0; slot < e->flows.used; slot++)
		missing += is_missing(e, &e->flows.flow[slot]);
	if (missing > all->head.error)
		return;
	for (uint32_t slot = 0; slot < e->flows.used && missing; slot++)
		if (is_missing(e, &e->flows.flow[slot])) {
			close_missing(e, &e->flows.flow[slot], all->time_ns - all->time_ns % 1000);
			missing--;
		}
}

static void take_other(struct engine *e, const struct event *ev, unsigned want)
{
	uint64_t bits = e->wants & want ? wanted_by(e, &ev->ident) : 0;

	while (bits) {
		struct consumer *c = engine_next_of(e, &bits);

		if (!(c->wants & want) || c->done)
			continue;
		if (want == WANT_RESETS)
			c->ops->reset(c, ev);
		else
			c->ops->handshake(c, ev);
	}
}

void engine_event(void *context, const struct event *ev)
{
	struct engine *e = context;
	struct event copy;

	ev = round_times(ev, &copy);
	switch (ev->head.kind) {
	case EV_OPEN:
	case EV_SAMPLE:
		if (e->flows.flow && (!is_bare(ev) || is_wanted_bare(e, ev)))
			keep(e, ev);
		return;
	case EV_CLOSE:
		take_close(e, ev, EV_CLOSE);
		return;
	case EV_LOST:
	case EV_CUT:
		take_partial_end(e, ev);
		return;
	case EV_RESET:
		take_other(e, ev, WANT_RESETS);
		return;
	case EV_HANDSHAKE:
		take_other(e, ev, WANT_HANDSHAKES);
		return;
	case EV_LOOK:
		expect_all(e);
		return;
	case EV_ALL:
		close_all_missing(e, ev);
		return;
	}
}
