// SPDX-License-Identifier: BSD-2-Clause
/*
 * A machine's traffic made up from a seed, recorded, and what a reader must make of it: the same
 * events in the same order, with the counters of live flows as totals.
 */
#pragma once
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/event.h"
#include "record/record.h"

#define FLOWS_MAX 600
#define NS 1000ull
#define SECOND_NS 1000000000ull

struct traffic_flow {
	struct event now;
	struct ev_count reported;
	uint32_t mark;
	bool is_live, is_told;
};

struct traffic {
	uint64_t random, time_ns, ids;
	struct record_clock clock;
	unsigned busy; /* 0 to 100: how much happens */
	bool extra;
	unsigned idle_percent; /* of the seconds */
	struct traffic_flow flow[FLOWS_MAX];
	/* Of this interval. */
	struct event edge[4096];
	unsigned edges;
	/* What a reader gives. */
	struct event *expected;
	size_t count, room;
	/* Sums for tests: of all flows, what was recorded in closes. */
	uint64_t closed;
};

static inline uint64_t next_random(struct traffic *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random * 0x2545f4914f6cdd1dull >> 16;
}

static inline unsigned below(struct traffic *t, unsigned n)
{
	return (unsigned)(next_random(t) % n);
}

/* Numbers of all sizes, small ones more often. */
static inline uint64_t some(struct traffic *t, unsigned bits)
{
	uint64_t n = next_random(t) << 32 ^ next_random(t);

	return n >> (64 - 1 - below(t, bits));
}

static inline void expect(struct traffic *t, const struct event *ev)
{
	if (t->count == t->room) {
		t->room = t->room ? t->room * 2 : 1024;
		t->expected = realloc(t->expected, t->room * sizeof(*ev));
		assert(t->expected);
	}
	t->expected[t->count++] = *ev;
}

static inline void fill_extra(struct traffic *t, struct ev_extra *e)
{
	e->delivery_rate = some(t, 40);
	e->segs_in = (__u32)some(t, 20);
	e->segs_out = (__u32)some(t, 20);
	e->cwnd = 10 + below(t, 100);
	e->timer = (__u8)below(t, 5);
	e->app_limited = (__u8)below(t, 2);
	e->delayed_acks = some(t, 12);
	memset(e->congestion, 0, sizeof(e->congestion));
	strcpy(e->congestion, below(t, 2) ? "cubic" : "bbr");
}

static inline void fill_addr(struct traffic *t, struct addr *a, bool v6)
{
	if (v6) {
		memset(a, 0, sizeof(*a));
		a->byte[0] = 0x20;
		a->byte[1] = 1;
		a->byte[15] = (__u8)below(t, 256);
		a->byte[14] = (__u8)below(t, 4);
	} else {
		union {
			__u8 byte[4];
			__u32 be;
		} v4 = {.byte = {10, 0, (__u8)below(t, 3), (__u8)below(t, 256)}};

		addr_set_v4(a, v4.be);
	}
}

static inline void fill_ident(struct traffic *t, struct ev_ident *id)
{
	bool v6 = !below(t, 8);

	memset(id, 0, sizeof(*id));
	fill_addr(t, &id->laddr, v6);
	fill_addr(t, &id->raddr, v6);
	id->family = v6 ? 6 : 4;
	id->role = (__u8)(1 + below(t, 2));
	id->seen = (__u8)below(t, SEEN_COUNT);
	id->pid = 1000 + below(t, 40);
	id->uid = below(t, 5) ? 1000 + below(t, 3) : UID_UNKNOWN;
	id->netns = 4026531840u + below(t, 3);
	id->mntns = 4026531841u;
	id->cgroup_id = 77 + below(t, 5);
	id->owner_source = (__u8)below(t, OWNER_COUNT);
	snprintf(id->comm, sizeof(id->comm), "app%u", id->pid % 7);
	snprintf(id->thread, sizeof(id->thread), "worker-thread%02u", below(t, 20));
	id->lport = id->role == ROLE_ACCEPT ? 443 : (__u16)(32768 + below(t, 28000));
	id->rport = id->role == ROLE_ACCEPT ? (__u16)(32768 + below(t, 28000)) : 5432;
	id->ifindex = below(t, 20) ? 0 : 3;
	id->open_ns = below(t, 10) ? t->time_ns - below(t, 900000) * NS : 0;
	id->handshake_us = below(t, 4) ? below(t, 100000) : 0;
	id->established_ns = id->open_ns && below(t, 6) ? id->open_ns + id->handshake_us * NS : 0;
}

static inline void move(struct traffic *t, struct ev_count *c)
{
	c->tx_bytes += some(t, 30);
	c->rx_bytes += some(t, 30);
	c->acked_bytes = c->tx_bytes - (c->tx_bytes ? next_random(t) % (c->tx_bytes / 8 + 1) : 0);
	if (!below(t, 10)) {
		c->retrans_segs += below(t, 5);
		c->retrans_bytes += below(t, 5000);
	}
	c->srtt_us = below(t, 20) ? 1 + below(t, 60000) : 0;
	if (!c->min_rtt_us || !below(t, 6))
		c->min_rtt_us = 1 + below(t, 50000);
}

static inline void fill_event(struct traffic *t, struct event *ev)
{
	memset(ev, 0, sizeof(*ev));
	ev->head.id = t->ids += 1 + below(t, 3);
	if (!below(t, 9))
		ev->head.id |= 5ull << EV_ID_COOKIE_BITS;
	ev->head.state = ST_ESTABLISHED;
	ev->head.flags = EV_HAS_IDENT | (below(t, 30) ? 0 : EV_UNSENT);
	ev->time_ns = t->time_ns;
	fill_ident(t, &ev->ident);
	move(t, &ev->count);
	if (t->extra && below(t, 10)) {
		ev->head.flags |= EV_HAS_EXTRA;
		fill_extra(t, &ev->extra);
	}
}

/* Something that happens now, in the order of time. */
static inline void add_edge(struct traffic *t, const struct event *ev)
{
	assert(t->edges < sizeof(t->edge) / sizeof(t->edge[0]));
	t->edge[t->edges++] = *ev;
}

static inline void close_flow(struct traffic *t, struct event *ev)
{
	ev->head.kind = EV_CLOSE;
	ev->head.state = ST_LAST_ACK;
	ev->head.end_reason = (__u8)(1 + below(t, END_COUNT - 1));
	ev->head.error = below(t, 5) ? 0 : 104;
	ev->time_ns = t->time_ns;
	add_edge(t, ev);
	t->closed++;
}

static inline void make_handshake(struct traffic *t)
{
	struct event ev;

	fill_event(t, &ev);
	memset(&ev.extra, 0, sizeof(ev.extra));
	ev.head.kind = EV_HANDSHAKE;
	ev.head.flags = EV_HAS_IDENT | EV_HAS_HANDSHAKE;
	ev.handshake.first_ns = t->time_ns - below(t, 3000000) * NS;
	ev.handshake.dup_syn = below(t, 3);
	ev.handshake.outcome = (__u8)below(t, OUTCOME_COUNT);
	ev.handshake.directions = (__u8)(1 + below(t, 3));
	ev.handshake.dropped = below(t, 4);
	strcpy(ev.handshake.conn_state, "REJ");
	if (!below(t, 3))
		strcpy(ev.handshake.icmp, "host unreachable");
	add_edge(t, &ev);
}

static inline void make_reset(struct traffic *t)
{
	struct event ev;

	fill_event(t, &ev);
	memset(&ev.extra, 0, sizeof(ev.extra));
	ev.head.kind = EV_RESET;
	ev.head.flags = EV_HAS_IDENT;
	add_edge(t, &ev);
}

static inline void hand_in(struct traffic *t, struct record *r)
{
	for (unsigned i = 0; i < t->edges; i++) {
		const struct event *ev = &t->edge[i];

		if (ev->head.kind == EV_CLOSE)
			record_closed(r, ev);
		else if (ev->head.kind == EV_HANDSHAKE)
			record_handshake(r, ev);
		else if (ev->head.kind == EV_RESET)
			record_reset(r, ev);
	}
}

/*
 * A reader gives each kind in the order in which it was handed in, and of several kinds always the
 * one whose next event is the earliest: OPEN, CLOSE, HANDSHAKE, RESET if they are equal.
 */
static inline void expect_edges(struct traffic *t)
{
	static const enum ev_kind kinds[] = {EV_OPEN, EV_CLOSE, EV_HANDSHAKE, EV_RESET};
	unsigned at[4] = {0};

	for (;;) {
		const struct event *first = NULL;
		unsigned from = 0;

		for (unsigned k = 0; k < 4; k++) {
			while (at[k] < t->edges && t->edge[at[k]].head.kind != kinds[k])
				at[k]++;
			if (at[k] < t->edges &&
			    (!first || t->edge[at[k]].time_ns < first->time_ns)) {
				first = &t->edge[at[k]];
				from = k;
			}
		}
		if (!first)
			break;
		expect(t, first);
		at[from]++;
	}
	t->edges = 0;
}

static inline void sample_flow(struct traffic *t, struct record *r, struct traffic_flow *f,
			struct event *samples, unsigned *count)
{
	struct event ev = f->now;

	record_sample(r, &ev, &f->reported, &f->mark);
	f->reported = f->now.count;
	ev.head.kind = EV_SAMPLE;
	if (!(ev.head.flags & EV_HAS_EXTRA))
		ev.head.flags &= (__u8)~EV_HAS_IDENT;
	ev.time_ns = t->time_ns;
	samples[(*count)++] = ev;
}

static inline void end_interval(struct traffic *t, struct record *r)
{
	static struct event samples[FLOWS_MAX];
	unsigned count = 0;
	struct event tick = {.head.kind = EV_TIME};

	hand_in(t, r);
	for (unsigned i = 0; i < FLOWS_MAX; i++) {
		struct traffic_flow *f = &t->flow[i];

		if (!f->is_live)
			continue;
		if (!f->is_told) {
			f->now.head.kind = EV_OPEN;
			record_opened(r, &f->now, &f->mark);
			add_edge(t, &f->now);
			f->is_told = true;
			f->reported = f->now.count;
		} else if (below(t, 100) < t->busy) {
			move(t, &f->now.count);
			if (f->now.head.flags & EV_HAS_EXTRA)
				fill_extra(t, &f->now.extra);
			sample_flow(t, r, f, samples, &count);
		}
	}
	expect_edges(t);
	for (unsigned i = 0; i < count; i++)
		expect(t, &samples[i]);
	tick.time_ns = t->time_ns;
	expect(t, &tick);
}

static inline void give_key(struct traffic *t, struct record *r)
{
	for (unsigned i = 0; i < FLOWS_MAX; i++)
		if (t->flow[i].is_live)
			record_live(r, &t->flow[i].now, &t->flow[i].mark);
	record_key_end(r);
}

static inline void happen(struct traffic *t)
{
	unsigned things = below(t, t->busy + 1);

	for (unsigned n = 0; n < things; n++) {
		struct traffic_flow *f = &t->flow[below(t, FLOWS_MAX)];
		struct event ev;

		t->time_ns += (1 + below(t, 900000 / (t->busy + 1))) * NS;
		if (f->is_live && f->is_told) {
			move(t, &f->now.count);
			close_flow(t, &f->now);
			f->is_live = false;
		} else if (!f->is_live && below(t, 2)) {
			*f = (struct traffic_flow){.is_live = true};
			fill_event(t, &f->now);
		} else if (below(t, 2)) {
			fill_event(t, &ev);
			close_flow(t, &ev);
		} else if (below(t, 2)) {
			make_handshake(t);
		} else {
			make_reset(t);
		}
	}
}

/* One interval of a second. Returns what record_tick() said, after giving a key frame. */
static inline void traffic_second(struct traffic *t, struct record *r)
{
	uint64_t end_ns = (t->time_ns / SECOND_NS + 1) * SECOND_NS;

	if (below(t, 100) >= t->idle_percent) {
		happen(t);
		assert(t->time_ns < end_ns);
		t->time_ns = end_ns;
		end_interval(t, r);
	} else {
		struct event tick = {.head.kind = EV_TIME, .time_ns = end_ns};

		t->time_ns = end_ns;
		expect(t, &tick);
	}
	t->clock.time_ns = t->time_ns;
	if (record_tick(r, &t->clock) == RECORD_WANTS_KEY)
		give_key(t, r);
}

static inline void traffic_init(struct traffic *t, uint64_t seed)
{
	*t = (struct traffic){.random = seed * 0x9e3779b97f4a7c15ull + 1,
			      .time_ns = 100 * SECOND_NS,
			      .ids = 1000,
			      .busy = 30};
	for (unsigned i = 0; i < 10; i++)
		next_random(t);
	t->clock = (struct record_clock){.time_ns = t->time_ns,
					 .wall_offset_us = 1795662720000000ll - 100000000};
}

static inline void traffic_done(struct traffic *t)
{
	free(t->expected);
	free(t);
}

static inline const char *traffic_name(void *context, enum record_name_kind kind, uint64_t key)
{
	static char text[64];

	(void)context;
	if (kind == RECORD_NAME_UID)
		return key == 1000 ? "alice" : NULL;
	snprintf(text, sizeof(text), kind == RECORD_NAME_CGROUP ? "/app%u.service" : "net%u",
		 (unsigned)(key % 100));
	return text;
}

static inline struct record_config traffic_config(int dir_fd, int file_fd)
{
	struct record_config c = {
		.dir_fd = dir_fd,
		.file_fd = file_fd,
		.level = RECORD_LEVEL,
		.name = traffic_name,
		.meta = {.version = "1.0",
			 .host = "db1",
			 .machine = "0123456789abcdef0123456789abcdef",
			 .boot = "b007b007-0000-4000-8000-000000000001",
			 .kernel = "6.18.0",
			 .arch = "x86_64",
			 .zone = "Europe/Berlin",
			 .interval_us = 1000000},
	};

	return c;
}

/* Is it the same in all parts that its flags announce? */
static inline bool same_event(const struct event *a, const struct event *b)
{
	size_t bytes = EV_SIZE_COUNT;

	if (a->head.kind == EV_TIME)
		return b->head.kind == EV_TIME && a->time_ns == b->time_ns;
	if (a->head.flags & EV_HAS_IDENT)
		bytes = EV_SIZE_IDENT;
	if (a->head.flags & EV_HAS_HANDSHAKE)
		bytes = EV_SIZE_HANDSHAKE;
	if (a->head.flags & EV_HAS_EXTRA)
		bytes = EV_SIZE_EXTRA;
	return !memcmp(a, b, bytes);
}
