// SPDX-License-Identifier: BSD-2-Clause
/* Time: intervals end, and each pace's consumers are told what moved. */
#include <string.h>

#include "engine/engine.h"
#include "engine/engine_state.h"
#include "engine/question.h"
#include "engine/tell.h"

static void drop_leaving(struct engine *e)
{
	while (e->leaving_head) {
		struct flow *f = &e->flows.flow[e->leaving_head - 1];

		e->leaving_head = f->slot_next;
		flow_table_remove(&e->flows, f);
	}
}

/* Parts of it that lie apart; the order is not that of memory. */
static void fetch_ahead(const struct engine *e, const struct pace *p, uint32_t slot)
{
	__builtin_prefetch(&e->flows.flow[slot].news, 1);
	__builtin_prefetch(&e->flows.flow[slot].wanted);
	__builtin_prefetch(&p->reported[slot], 1);
}

static void tell_news(struct engine *e, struct pace *p)
{
	for (uint32_t i = 0; i < p->news_count; i++) {
		struct flow *f = &e->flows.flow[p->news[i]];

		if (i + PACE_AHEAD < p->news_count)
			fetch_ahead(e, p, p->news[i + PACE_AHEAD]);
		if (!(f->news & p->bit))
			continue;
		f->news &= (uint16_t)~p->bit;
		if (f->has_ident)
			engine_tell_interval(e, p, f, p->news[i], NULL);
	}
	p->news_count = 0;
}

static void tick(struct engine *e, struct pace *p, uint64_t time_ns)
{
	time_ns -= time_ns % 1000;
	e->now_ns = p->last_tick_ns = time_ns;
	tell_news(e, p);
	e->is_ticking = true;
	for (unsigned i = 0; i < p->consumers; i++) {
		struct consumer *c = p->consumer[i];

		if (c->done)
			continue;
		c->ticks++;
		c->ops->tick(c, time_ns);
		c->done = c->done || (c->question->count && c->ticks >= c->question->count);
	}
	e->is_ticking = false;
	drop_leaving(e);
	memcpy(p->host_then, e->host_now, sizeof(p->host_then));
}

void engine_host(struct engine *e, const int64_t value[COUNTER_COUNT])
{
	memcpy(e->host_now, value, sizeof(e->host_now));
	for (unsigned i = 0; i < e->paces && !e->has_host; i++)
		memcpy(e->pace[i].host_then, value, sizeof(e->pace[i].host_then));
	e->has_host = true;
}

static void set_next_tick(struct engine *e)
{
	e->next_tick_ns = UINT64_MAX;
	for (unsigned i = 0; i < e->paces; i++)
		if (e->pace[i].next_tick_ns < e->next_tick_ns)
			e->next_tick_ns = e->pace[i].next_tick_ns;
}

bool engine_is_done(const struct engine *e)
{
	const struct consumer *first = e->consumer[0];
	uint64_t bits = e->all_wanted;

	if (first->done && !first->is_gone && e->first_leads)
		return true;
	while (bits)
		if (!engine_next_of(e, &bits)->done)
			return false;
	return true;
}

void engine_begin(struct engine *e, uint64_t time_ns)
{
	e->has_begun = true;
	e->begun_ns = time_ns - time_ns % 1000;
	for (unsigned i = 0; i < e->paces; i++)
		if (e->pace[i].interval_ns)
			e->pace[i].next_tick_ns = time_ns + e->pace[i].interval_ns;
	set_next_tick(e);
}

void engine_due(const struct engine *e, uint64_t time_ns, struct due *ret)
{
	*ret = (struct due){0};
	for (unsigned i = 0; i < e->paces; i++)
		for (unsigned k = 0; k < e->pace[i].consumers; k++) {
			const struct consumer *c = e->pace[i].consumer[k];

			if (e->pace[i].next_tick_ns > time_ns || c->done)
				continue;
			ret->wants |= c->wants;
			ret->needs |= c->needs;
			if (c->takes_turns)
				ret->watched = c->watched;
			else
				ret->whole_needs |= c->needs;
		}
}

unsigned engine_needs_now(const struct engine *e)
{
	uint64_t bits = e->all_wanted;
	unsigned needs = 0;

	while (bits)
		needs |= engine_next_of(e, &bits)->needs;
	return needs;
}

/* Of the recorded interval each end is told: it is that of an interval here, however late it was. */
static bool is_told(const struct engine *e, const struct pace *p, uint64_t time_ns)
{
	return e->slack_ns && p->interval_ns == 2 * e->slack_ns && time_ns > e->begun_ns + 1000;
}

/* One tick was told, and not two, however much time had passed since the last. */
static bool was_told(const struct engine *e, const struct pace *p, uint64_t time_ns)
{
	return e->slack_ns && p->last_tick_ns == time_ns - time_ns % 1000;
}

/* The pace whose tick is due first, at `time_ns` or before; NULL if there is none. */
static struct pace *due(struct engine *e, uint64_t time_ns)
{
	struct pace *first = NULL;

	for (unsigned i = 0; i < e->paces; i++) {
		struct pace *p = &e->pace[i];

		if (was_told(e, p, time_ns))
			continue;
		if ((is_told(e, p, time_ns) || p->next_tick_ns <= time_ns + e->slack_ns) &&
		    p->next_tick_ns != UINT64_MAX && (!first || p->next_tick_ns < first->next_tick_ns))
			first = p;
	}
	return first;
}

/*
 * Live: one tick, however late it is. Offline: the next one, but of many empty intervals none; the
 * grid of ticks stays as it is.
 */
static void plan_next(const struct engine *e, struct pace *p, uint64_t time_ns)
{
	uint64_t interval_ns = p->interval_ns > e->floor_ns ? p->interval_ns : e->floor_ns, ahead;

	p->next_tick_ns += interval_ns;
	if (p->next_tick_ns > time_ns)
		return;
	ahead = (time_ns - p->next_tick_ns) / interval_ns;
	if (!e->offline || ahead >= ENGINE_EMPTY_TICKS)
		p->next_tick_ns += (ahead + !e->offline) * interval_ns;
}

void engine_advance(struct engine *e, uint64_t time_ns)
{
	struct pace *p;

	while ((p = due(e, time_ns)) && !engine_is_done(e)) {
		tick(e, p, e->offline ? p->next_tick_ns : time_ns);
		plan_next(e, p, time_ns);
	}
	set_next_tick(e);
}

void engine_finish(struct engine *e, uint64_t time_ns)
{
	for (unsigned i = 0; i < e->paces && e->has_begun; i++) {
		struct pace *p = &e->pace[i];

		/* Where ticks are told, the last one may have been. Of several hosts another one's may have come since. */
		if (was_told(e, p, time_ns) && !p->news_count)
			continue;
		tick(e, p, e->ends_on_grid && p->interval_ns ? p->next_tick_ns : time_ns);
		p->next_tick_ns = UINT64_MAX;
	}
	set_next_tick(e);
}
