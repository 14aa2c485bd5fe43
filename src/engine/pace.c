// SPDX-License-Identifier: BSD-2-Clause
#include "engine/pace.h"

#include <string.h>

#include "util/xalloc.h"

void pace_init(struct pace *p, uint64_t interval_ns, uint32_t flow_limit, unsigned number)
{
	*p = (struct pace){
		.interval_ns = interval_ns,
		.next_tick_ns = UINT64_MAX,
		.bit = (uint16_t)(1u << number),
		.flow_limit = flow_limit,
		.news_limit = 2 * flow_limit,
	};
	p->reported = reserve((size_t)flow_limit * sizeof(*p->reported));
	p->news = reserve((size_t)p->news_limit * sizeof(*p->news));
}

void pace_done(struct pace *p)
{
	reserve_free(p->reported, (size_t)p->flow_limit * sizeof(*p->reported));
	reserve_free(p->news, (size_t)p->news_limit * sizeof(*p->news));
	if (p->told)
		reserve_free(p->told, (size_t)p->flow_limit * sizeof(*p->told));
	*p = (struct pace){0};
}

void pace_restart(struct pace *p)
{
	size_t reported = (size_t)p->flow_limit * sizeof(*p->reported);
	size_t told = (size_t)p->flow_limit * sizeof(*p->told);

	reserve_free(p->reported, reported);
	p->reported = reserve(reported);
	if (p->told) {
		reserve_free(p->told, told);
		p->told = reserve(told);
	}
	p->news_count = 0;
	p->next_tick_ns = UINT64_MAX;
	p->last_tick_ns = 0;
}

void pace_want_counters(struct pace *p)
{
	if (!p->told)
		p->told = reserve((size_t)p->flow_limit * sizeof(*p->told));
}

void pace_forget(struct pace *p, uint32_t slot)
{
	p->reported[slot] = (struct ev_count){0};
	if (p->told)
		memset(p->told[slot], 0, sizeof(p->told[0]));
}

void pace_shrink(struct pace *p, uint32_t from, uint32_t to)
{
	reserve_forget(p->reported + from, (to - from) * sizeof(*p->reported));
	if (p->told)
		reserve_forget(p->told + from, (to - from) * sizeof(*p->told));
}

static void read_counters(const struct flow *f, const struct ev_extra *extra,
			  const struct event *close, int64_t *ret)
{
	const struct reading reading = {
		.state = f->state,
		.role = f->ident.role,
		.closed = close,
		.error = close ? reading_error(&close->head) : 0,
		.count = &f->count,
		.extra = extra,
	};

	counter_read(&reading, ret);
}

void pace_baseline(struct pace *p, const struct flow *f, uint32_t slot, const struct ev_extra *extra)
{
	p->reported[slot] = f->count;
	if (p->told)
		read_counters(f, extra, NULL, p->told[slot]);
}

/* Slots of flows that closed, or that stand here twice, make room. */
static void drop_stale(struct pace *p, struct flow_table *flows)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < p->news_count; i++) {
		struct flow *f = &flows->flow[p->news[i]];

		if (f->news & p->bit)
			p->news[kept++] = p->news[i];
		f->news &= (uint16_t)~p->bit;
	}
	for (uint32_t i = 0; i < kept; i++)
		flows->flow[p->news[i]].news |= p->bit;
	p->news_count = kept;
}

/*
 * What stands behind the latest is of the last interval, and a look meets the same sockets in the same order: so
 * this is who comes next, more often than not, and each would be waited for twice.
 */
static void expect_next(const struct pace *p, const struct flow_table *flows)
{
	const uint32_t *next = p->news + p->news_count;

	if (p->news_count + PACE_AHEAD >= p->news_limit)
		return;
	__builtin_prefetch(&flows->flow[next[PACE_AHEAD]], 1);
	flow_table_expect(flows, flows->flow[next[PACE_AHEAD / 2]].id);
}

void pace_note(struct pace *p, struct flow_table *flows, struct flow *f)
{
	if (p->news_count == p->news_limit)
		drop_stale(p, flows);
	expect_next(p, flows);
	f->news |= p->bit;
	p->news[p->news_count++] = (uint32_t)(f - flows->flow);
}

/* What moved, and into `then` what is told by now. */
static uint64_t grown(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void take_count(struct ev_count *told, const struct ev_count *now, struct ev_count *ret)
{
	*ret = (struct ev_count){
		.tx_bytes = grown(now->tx_bytes, told->tx_bytes),
		.rx_bytes = grown(now->rx_bytes, told->rx_bytes),
		.acked_bytes = grown(now->acked_bytes, told->acked_bytes),
		.retrans_bytes = grown(now->retrans_bytes, told->retrans_bytes),
		.retrans_segs = (__u32)grown(now->retrans_segs, told->retrans_segs),
		.srtt_us = now->srtt_us,
		.min_rtt_us = now->min_rtt_us,
	};
	told->tx_bytes = later(told->tx_bytes, now->tx_bytes);
	told->rx_bytes = later(told->rx_bytes, now->rx_bytes);
	told->acked_bytes = later(told->acked_bytes, now->acked_bytes);
	told->retrans_bytes = later(told->retrans_bytes, now->retrans_bytes);
	told->retrans_segs = (__u32)later(told->retrans_segs, now->retrans_segs);
}

static void take_counters(struct pace *p, const struct flow *f, uint32_t slot, struct news *ret)
{
	int64_t *told = p->told[slot];

	read_counters(f, ret->extra, ret->close, p->now);
	/* It opened before we came, whichever side it turns out to be. */
	if (f->ident.seen == SEEN_ADOPTED) {
		told[COUNTER_active_opens] = p->now[COUNTER_active_opens];
		told[COUNTER_passive_opens] = p->now[COUNTER_passive_opens];
	}
	ret->grew = counter_grew(p->now, told);
	ret->now = p->now;
	ret->then = told;
}

void pace_take(struct pace *p, const struct flow *f, uint32_t slot, const struct ev_extra *extra,
	       const struct event *close, struct news *ret)
{
	*ret = (struct news){.flow = f, .extra = extra, .close = close};
	take_count(&p->reported[slot], &f->count, &ret->count);
	if (p->told && extra)
		take_counters(p, f, slot, ret);
}

void pace_taken(struct pace *p, uint32_t slot)
{
	if (p->told)
		memcpy(p->told[slot], p->now, sizeof(p->now));
}

void pace_copy(struct pace *p, const struct pace *from, struct flow_table *flows)
{
	memcpy(p->reported, from->reported, flows->used * sizeof(*p->reported));
	if (p->told)
		memcpy(p->told, from->told, flows->used * sizeof(*p->told));
	p->news_count = 0;
	for (uint32_t slot = 0; slot < flows->used; slot++) {
		struct flow *f = &flows->flow[slot];

		f->news &= (uint16_t)~p->bit;
		if (f->news & from->bit)
			pace_note(p, flows, f);
	}
	memcpy(p->host_then, from->host_then, sizeof(p->host_then));
}
