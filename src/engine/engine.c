// SPDX-License-Identifier: BSD-2-Clause
/* Who is told: consumers come and go. Events come in in intake.c, intervals end in interval.c. */
#include "engine/engine.h"

#include <errno.h>

#include "engine/column.h"
#include "engine/filter.h"
#include "engine/question.h"
#include "util/xalloc.h"

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull

void engine_init(struct engine *e, uint32_t max_flows, bool offline)
{
	*e = (struct engine){
		.max_flows = max_flows,
		.offline = offline,
		.ends_on_grid = offline,
		.first_leads = !offline,
		.next_tick_ns = UINT64_MAX,
	};
}

static size_t extra_bytes(const struct engine *e)
{
	return ((size_t)e->max_flows + 1) * sizeof(*e->extra);
}

static size_t note_bytes(const struct engine *e)
{
	return ((size_t)e->max_flows + 1) * sizeof(uint32_t);
}

static void drop_note(struct engine *e, struct consumer *c)
{
	if (c->note)
		reserve_free(c->note, note_bytes(e));
	c->note = NULL;
}

void engine_done(struct engine *e)
{
	for (unsigned i = 0; i < CONSUMERS_MAX; i++)
		if (e->all_wanted >> i & 1)
			drop_note(e, e->consumer[i]);
	for (unsigned i = 0; i < e->paces; i++)
		pace_done(&e->pace[i]);
	if (e->extra)
		reserve_free(e->extra, extra_bytes(e));
	if (e->flows.flow)
		flow_table_done(&e->flows);
}

void engine_restart(struct engine *e)
{
	for (unsigned i = 0; i < e->paces; i++)
		pace_restart(&e->pace[i]);
	if (e->flows.flow) {
		flow_table_done(&e->flows);
		flow_table_init(&e->flows, e->max_flows);
	}
	e->next_tick_ns = UINT64_MAX;
	e->leaving_head = 0;
	e->has_begun = false;
	e->begun_ns = e->now_ns = 0;
}

static uint64_t interval_ns(const struct question *q)
{
	return q->tick_ms ? q->tick_ms * NS_PER_MS : q->interval_s * NS_PER_S;
}

static struct pace *pace_of(struct engine *e, uint64_t interval_ns, bool is_late)
{
	struct pace *p;

	for (unsigned i = 0; i < e->paces; i++) {
		p = &e->pace[i];
		if (p->interval_ns == interval_ns && !p->is_late && !is_late)
			return p;
		/* One that nobody uses any more. */
		if (!p->consumers && is_late) {
			p->interval_ns = interval_ns;
			return p;
		}
	}
	if (e->paces == PACES_MAX)
		return NULL;
	p = &e->pace[e->paces];
	pace_init(p, interval_ns, e->max_flows + 1, e->paces++);
	p->is_late = is_late;
	e->all_paces |= p->bit;
	return p;
}

/* What a late consumer is told of begins now. */
static void catch_up(struct engine *e, struct consumer *c, uint64_t now_ns)
{
	for (uint32_t slot = 0; slot < e->flows.used; slot++) {
		struct flow *f = &e->flows.flow[slot];

		if (!f->has_ident || flow_table_find(&e->flows, f->id) != f)
			continue;
		if (c->pace)
			pace_baseline(c->pace, f, slot, engine_extra(e, slot));
		if (!filter_matches(c->filter, &f->ident))
			continue;
		f->wanted |= 1ull << c->index;
		if (c->wants & WANT_OPENED && engine_takes_state(c, f->state))
			c->ops->opened(c, f);
	}
	if (c->pace && c->pace->interval_ns)
		c->pace->next_tick_ns = now_ns + c->pace->interval_ns;
	if (c->pace && c->pace->next_tick_ns < e->next_tick_ns)
		e->next_tick_ns = c->pace->next_tick_ns;
}

static void make_room(struct engine *e, struct consumer *c)
{
	unsigned keeping = WANT_OPENED | WANT_INTERVALS | (e->keeps_all ? WANT_CLOSED : 0);

	if (c->wants & keeping && !e->flows.flow)
		flow_table_init(&e->flows, e->max_flows);
	if (c->needs & (NEED_EXTRA | NEED_VERDICT) && c->wants & keeping && !e->extra)
		e->extra = reserve(extra_bytes(e));
	if (c->wants & WANT_NOTE)
		c->note = reserve(note_bytes(e));
	if (c->pace && c->wants & WANT_COUNTERS)
		pace_want_counters(c->pace);
}

int engine_add(struct engine *e, struct consumer *c, uint64_t now_ns)
{
	bool is_late = now_ns;

	if (is_late && (c->needs & ~e->needs || c->wants & ~e->wants & (WANT_LISTENERS | WANT_ALL)))
		return -ENOTSUP;
	if (is_late && c->wants & (WANT_OPENED | WANT_INTERVALS) && !e->flows.flow)
		return -ENOTSUP;
	if (!~e->all_wanted)
		return -ENOSPC;
	c->index = (unsigned)__builtin_ctzll(~e->all_wanted);
	c->engine = e;
	if (c->wants & WANT_INTERVALS) {
		c->pace = pace_of(e, interval_ns(c->question), is_late);
		if (!c->pace)
			return -ENOSPC;
		c->pace->consumer[c->pace->consumers++] = c;
	}
	e->consumer[c->index] = c;
	e->all_wanted |= 1ull << c->index;
	e->wants |= c->wants;
	e->needs |= c->needs;
	make_room(e, c);
	if (is_late)
		catch_up(e, c, now_ns);
	return 0;
}

/* Of fewer that are free, or a smaller part of all, it is not worth a look. */
#define SHRINK_SLOTS 4096
#define SHRINK_SHARE 4
/* What is kept of so many free slots side by side is given back. */
#define SHRINK_RUN 256

static void forget_slots(void *context, uint32_t from, uint32_t to)
{
	struct engine *e = context;

	if (e->extra)
		reserve_forget(e->extra + from, (to - from) * sizeof(*e->extra));
	for (unsigned i = 0; i < e->paces; i++)
		pace_shrink(&e->pace[i], from, to);
	for (uint64_t bits = e->all_wanted; bits;) {
		struct consumer *c = engine_next_of(e, &bits);

		if (c->ops->shrunk)
			c->ops->shrunk(c, from, to);
	}
}

bool engine_shrink(struct engine *e)
{
	const struct flow_table *t = &e->flows;

	if (t->used - t->count < SHRINK_SLOTS || t->used - t->count < t->used / SHRINK_SHARE ||
	    e->is_ticking)
		return false;
	flow_table_shrink(&e->flows, SHRINK_RUN, forget_slots, e);
	return true;
}

void engine_remove(struct engine *e, struct consumer *c)
{
	struct pace *p = c->pace;

	for (unsigned i = 0; p && i < p->consumers; i++)
		if (p->consumer[i] == c) {
			p->consumer[i] = p->consumer[--p->consumers];
			break;
		}
	/* Nobody waits for its ticks. */
	if (p && !p->consumers)
		p->next_tick_ns = UINT64_MAX;
	drop_note(e, c);
	e->all_wanted &= ~(1ull << c->index);
	for (uint32_t slot = 0; slot < e->flows.used; slot++)
		e->flows.flow[slot].wanted &= ~(1ull << c->index);
}

void engine_set_filter(struct engine *e, struct consumer *c, struct filter *filter)
{
	uint64_t bit = 1ull << c->index;

	c->filter = filter;
	c->states = filter_states(filter);
	for (uint32_t slot = 0; slot < e->flows.used; slot++) {
		struct flow *f = &e->flows.flow[slot];
		bool was = f->wanted & bit;

		if (!f->has_ident || flow_table_find(&e->flows, f->id) != f)
			continue;
		f->wanted = filter_matches(filter, &f->ident) ? f->wanted | bit : f->wanted & ~bit;
		if (f->wanted & bit && !was && c->wants & WANT_OPENED && engine_takes_state(c, f->state))
			c->ops->opened(c, f);
	}
}

/* A pace of its own, which goes on from what the old one has told. */
static struct pace *part_from(struct engine *e, struct consumer *c, uint64_t interval_ns)
{
	struct pace *old = c->pace, *new = pace_of(e, interval_ns, true);

	if (!new)
		return NULL;
	if (old->told && !new->told)
		pace_want_counters(new);
	pace_copy(new, old, &e->flows);
	for (unsigned i = 0; i < old->consumers; i++)
		if (old->consumer[i] == c) {
			old->consumer[i] = old->consumer[--old->consumers];
			break;
		}
	new->consumer[new->consumers++] = c;
	c->pace = new;
	return new;
}

void engine_set_interval(struct engine *e, struct consumer *c, uint64_t interval_ns)
{
	struct pace *p = c->pace;
	uint64_t begun_ns = p->next_tick_ns - p->interval_ns;

	if (p->consumers > 1)
		p = part_from(e, c, interval_ns);
	/* Without a place for one more, the others of its pace change with it. */
	p = p ? p : c->pace;
	p->is_late = true;
	p->interval_ns = interval_ns;
	p->next_tick_ns = begun_ns + interval_ns;
	if (p->next_tick_ns < e->next_tick_ns)
		e->next_tick_ns = p->next_tick_ns;
}
