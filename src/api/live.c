// SPDX-License-Identifier: BSD-2-Clause
#include "api/live.h"

#include <string.h>

#include "engine/consumer.h"
#include "engine/flow_table.h"
#include "util/xalloc.h"

#define NS_PER_S 1000000000ull

void live_begin(struct live *l, uint32_t max_flows, uint32_t trails)
{
	*l = (struct live){.limit = max_flows + 1, .tick = 1, .trails_limit = trails};
	l->flow = reserve(l->limit * sizeof(*l->flow));
	l->trail = reserve((size_t)trails * sizeof(*l->trail));
	l->trails = trails;
}

void live_done(struct live *l)
{
	if (!l->flow)
		return;
	reserve_free(l->flow, l->limit * sizeof(*l->flow));
	reserve_free(l->trail, (size_t)l->trails * sizeof(*l->trail));
	*l = (struct live){0};
}

static uint32_t *counter_of(struct live *l, const struct live_flow *f)
{
	return f->listens ? &l->listeners : &l->flows;
}

static void free_trail(struct live *l, uint32_t trail)
{
	l->trail[trail - 1].next = l->trail_free;
	l->trail_free = trail;
}

static void drop_trail(struct live *l, struct live_flow *f)
{
	if (f->trail)
		free_trail(l, f->trail);
	f->trail = 0;
}

static void forget(struct live *l, struct live_flow *f)
{
	drop_trail(l, f);
	f->id = 0;
	--*counter_of(l, f);
}

static uint32_t take_left(struct live *l)
{
	uint32_t trail = l->left_first;

	l->left_first = l->trail[trail - 1].next;
	if (!l->left_first)
		l->left_last = 0;
	l->left_count--;
	l->trail[trail - 1].id = 0;
	return trail;
}

/* Those that closed have half of the pool at most. */
static void leave_trail(struct live *l, uint32_t trail)
{
	l->trail[trail - 1].next = 0;
	if (l->left_last)
		l->trail[l->left_last - 1].next = trail;
	else
		l->left_first = trail;
	l->left_last = trail;
	if (++l->left_count > l->trails_limit / 2)
		free_trail(l, take_left(l));
}

void live_open(struct live *l, uint32_t slot, const struct flow *f)
{
	struct live_flow *mine = &l->flow[slot];

	if (slot >= l->limit - 1 || mine->id == f->id)
		return;
	if (mine->id)
		forget(l, mine);
	*mine = (struct live_flow){.id = f->id, .listens = f->state == ST_LISTEN};
	if (slot >= l->used)
		l->used = slot + 1;
	++*counter_of(l, mine);
}

/*
 * One that was never met between its beginning and its end has no slot. What it moved it moved in this
 * step, unless it is old: then there was no place for it.
 */
static bool is_brief(const struct live *l, const struct flow *f)
{
	uint64_t step_ns = l->began_ns + l->step * TRAIL_STEP_S * NS_PER_S;

	return f->ident.seen != SEEN_ADOPTED && f->ident.open_ns + l->interval_us * 1000 >= step_ns;
}

struct live_left live_close(struct live *l, uint32_t slot, const struct flow *f)
{
	struct live_flow *mine = &l->flow[slot];
	struct live_left left = {.id = f->id, .step = l->step};

	if (slot >= l->limit - 1 || mine->id != f->id) {
		left.is_untold = !is_brief(l, f);
		return left;
	}
	left.is_untold = mine->is_untold;
	/* Most flows are short: of one that moved all of it in this step, the totals say it. */
	if (mine->trail && (l->trail[mine->trail - 1].first != l->step || f->ident.seen == SEEN_ADOPTED)) {
		left.trail = mine->trail;
		leave_trail(l, mine->trail);
		mine->trail = 0;
	}
	forget(l, mine);
	return left;
}

void live_shrink(struct live *l, uint32_t from, uint32_t to)
{
	reserve_forget(l->flow + from, (to - from) * sizeof(*l->flow));
	if (l->used > from && l->used <= to)
		l->used = from;
}

void live_leave(struct live *l, uint32_t slot)
{
	if (l->flow[slot].id)
		forget(l, &l->flow[slot]);
}

static struct trail *take_trail(struct live *l, struct live_flow *f)
{
	uint32_t left = l->left_first;

	if (left && l->step - l->trail[left - 1].last > TRAIL_POINTS)
		free_trail(l, take_left(l));
	if (l->trail_free) {
		f->trail = l->trail_free;
		l->trail_free = l->trail[f->trail - 1].next;
	} else if (l->trails_used < l->trails_limit) {
		f->trail = ++l->trails_used;
	} else if (l->left_first) {
		f->trail = take_left(l);
	} else {
		f->is_untold = true;
		l->trails_refused++;
		return NULL;
	}
	l->trail[f->trail - 1] = (struct trail){.id = f->id, .first = l->step, .last = l->step};
	return &l->trail[f->trail - 1];
}

/* Steps in which nothing moved are filled with nothing, but for the round trip, which is a level. */
static struct trail_point *point_of(struct trail *t, uint32_t step)
{
	uint32_t srtt_us = t->point[t->last % TRAIL_POINTS].srtt_us;

	if (step - t->last >= TRAIL_POINTS)
		t->last = step - TRAIL_POINTS;
	while (t->last != step)
		t->point[++t->last % TRAIL_POINTS] = (struct trail_point){.srtt_us = srtt_us};
	return &t->point[step % TRAIL_POINTS];
}

void live_news(struct live *l, uint32_t slot, const struct news *news)
{
	struct live_flow *mine = &l->flow[slot];
	const struct ev_count *c = &news->count;
	struct trail_point *p;
	struct trail *t;

	if (slot >= l->limit - 1 || mine->id != news->flow->id)
		return;
	mine->tick = l->tick;
	mine->moved = *c;
	if (!c->tx_bytes && !c->rx_bytes && !c->retrans_segs)
		return;
	t = mine->trail ? &l->trail[mine->trail - 1] : take_trail(l, mine);
	if (!t)
		return;
	p = point_of(t, l->step);
	p->tx_bytes += (float)c->tx_bytes;
	p->rx_bytes += (float)c->rx_bytes;
	p->retrans += c->retrans_segs;
	p->srtt_us = c->srtt_us;
}

void live_tick(struct live *l, uint64_t time_ns, uint64_t began_ns)
{
	l->interval_us = (time_ns - (l->tick_ns ? l->tick_ns : began_ns)) / 1000;
	l->tick_ns = time_ns;
	l->began_ns = began_ns;
	l->step = (uint32_t)((time_ns - began_ns) / (TRAIL_STEP_S * NS_PER_S));
	l->tick++;
}

void live_limit_trails(struct live *l, uint32_t limit)
{
	if (limit > l->trails)
		limit = l->trails;
	l->trails_limit = limit;
	if (l->trails_used <= limit)
		return;
	while (l->left_first)
		take_left(l);
	l->trails_used = limit;
	l->trail_free = 0;
	for (uint32_t i = 0; i < limit; i++)
		l->trail[i].is_used = false;
	for (uint32_t slot = 0; slot < l->used; slot++)
		if (l->flow[slot].trail > limit) {
			l->flow[slot].trail = 0;
			l->flow[slot].is_untold = true;
		}
		else if (l->flow[slot].trail)
			l->trail[l->flow[slot].trail - 1].is_used = true;
	for (uint32_t i = 0; i < limit; i++)
		if (!l->trail[i].is_used) {
			l->trail[i].next = l->trail_free;
			l->trail_free = i + 1;
		}
	reserve_forget(l->trail + limit, (size_t)(l->trails - limit) * sizeof(*l->trail));
}

struct ev_count live_moved(const struct live *l, uint32_t slot)
{
	const struct live_flow *mine = &l->flow[slot];

	/* The interval that has just ended, since the tick was counted. */
	return mine->tick + 1 == l->tick ? mine->moved : (struct ev_count){0};
}

/* Steps behind the last one that was written are as if they were filled. */
static struct trail_point point_in(const struct trail *t, uint32_t step)
{
	bool is_held = step <= t->last && t->last - step < TRAIL_POINTS;

	return is_held ? t->point[step % TRAIL_POINTS]
		       : (struct trail_point){.srtt_us = t->point[t->last % TRAIL_POINTS].srtt_us};
}

size_t live_trail(const struct live *l, uint32_t slot, struct trail_point *ret)
{
	const struct live_flow *mine = &l->flow[slot];
	const struct trail *t;
	uint32_t from, now = l->step;
	size_t n = 0;

	if (!mine->trail)
		return 0;
	t = &l->trail[mine->trail - 1];
	from = now > TRAIL_POINTS ? now - TRAIL_POINTS : 0;
	/* The present step has taken the place of the first. */
	if (from == now - TRAIL_POINTS && t->last == now)
		from++;
	if (from < t->first)
		from = t->first;
	for (uint32_t step = from; step < now; step++)
		ret[n++] = point_in(t, step);
	return n;
}

bool live_steps(const struct live *l, uint32_t trail, uint32_t *from, uint32_t *to)
{
	const struct trail *t = trail ? &l->trail[trail - 1] : NULL;

	if (!t)
		return false;
	if (*from < t->first)
		*from = t->first;
	if (*to > t->last + 1)
		*to = t->last + 1;
	return *from < *to;
}

bool live_then(const struct live *l, uint32_t slot, uint32_t step, struct trail_point *ret)
{
	const struct live_flow *mine = &l->flow[slot];
	const struct trail *t = mine->trail ? &l->trail[mine->trail - 1] : NULL;

	*ret = (struct trail_point){0};
	if (t && step >= t->first)
		*ret = point_in(t, step);
	return (t && step >= t->first) || !mine->is_untold;
}

bool live_left_then(const struct live *l, const struct live_left *left, uint32_t step,
		    struct trail_point *ret)
{
	const struct trail *t = left->trail ? &l->trail[left->trail - 1] : NULL;

	if (left->is_untold || (t && t->id != left->id))
		return false;
	if (t)
		*ret = step >= t->first ? point_in(t, step) : (struct trail_point){0};
	else if (step != left->step)
		*ret = (struct trail_point){0};
	return true;
}
