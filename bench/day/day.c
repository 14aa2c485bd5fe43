// SPDX-License-Identifier: BSD-2-Clause
// tcpsight itself, with a clock, timers and connections that are made up: a day passes as fast as the
// processor can work through it.
//
//     DAY_CGROUPS=FOLDER day agent [OPTION...]
//
// The folders below FOLDER are cgroups, their inodes the numbers of those.
// All of tcpsight is linked in as it is. Time (day_clock.c) stands still while it works, and goes on to the next timer when
// it would wait; who asks it over HTTP is answered in between. Lines on standard input say what to do:
//
//     cgroup N      connections that open from now on are of this cgroup too; the latest 64 are remembered
//     until S       let S seconds pass since the start, say "at S ...", then stand still and answer whoever asks
//
// Connections: 12 a second, ten times as many in the first minute of every third hour, each to an address of
// its own; most end soon, few live for hours and are idle in between. A fifth are of processes whose names come
// and go (100,000 in a day), the rest of 40 that stay. Listeners come and go, too.

#include "day.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "engine/source.h"
#include "util/cgroup.h"

#define STEP_NS (NS_PER_S / 4)
#define FLOWS_MAX 4096
#define LISTENERS 12
#define CGROUPS 64
#define HOUR_S 3600
#define MOVING_PERCENT 12

struct cgroup_names *__wrap_cgroup_names_new(void);
const struct source_ops *__wrap_sources_choose(const struct watch *watch, const char *name);

struct made {
	struct event ev;
	uint64_t end_ns;
	bool moved, is_long;
};

static struct {
	struct made flow[FLOWS_MAX];
	unsigned count;
	uint64_t next_id, opened, closed, refused;
	uint64_t cgroup[CGROUPS];
	unsigned cgroups;
	uint64_t stepped_ns;
	double owed; // opens
	int timer;
} made;

static uint64_t random64(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dull;
}

static uint64_t below(uint64_t n)
{
	return (random64() >> 16) % n;
}

void day_add_cgroup(uint64_t inode)
{
	made.cgroup[made.cgroups++ % CGROUPS] = inode;
}

void day_tell(void)
{
	printf("at %u opened %llu closed %llu live %u refused %llu\n", day_second(),
	       (unsigned long long)made.opened, (unsigned long long)made.closed, made.count,
	       (unsigned long long)made.refused);
	fflush(stdout);
}

// --- the connections -----------------------------------------------------------------------------

static void emit(struct source *s, struct event *ev, unsigned kind)
{
	ev->head.kind = (uint8_t)kind;
	ev->time_ns = day_now_ns();
	s->emit(s->emit_context, ev);
}

static void set_address(struct addr *a, uint32_t host, bool is_v6)
{
	addr_set_v4(a, __builtin_bswap32(host));
	if (is_v6)
		a->word_be[0] = 0x000000fd, a->word_be[2] = 0;
}

static void set_owner(struct ev_ident *id)
{
	unsigned hour = day_second() / HOUR_S, who = (unsigned)below(200);

	id->pid = 1000 + who;
	id->uid = who % 7;
	snprintf(id->comm, sizeof(id->comm), "service%u", who % 40);
	// Names of this hour, some of them of the last one.
	if (who < 40) {
		id->pid = (uint32_t)(10000 + below(1000000));
		snprintf(id->comm, sizeof(id->comm), "job%u",
			 (unsigned)(hour * 4200 + below(8400)) % 100000);
	}
	memcpy(id->thread, id->comm, sizeof(id->thread));
	id->owner_source = OWNER_CONNECT;
	if (made.cgroups)
		id->cgroup_id = made.cgroup[below(made.cgroups < CGROUPS ? made.cgroups : CGROUPS)];
}

static uint64_t some_life_ns(bool *ret_is_long)
{
	uint64_t of = below(100);

	*ret_is_long = of == 99;
	if (of < 90)
		return NS_PER_S / 5 + below(5 * NS_PER_S);
	return of < 99 ? below(300 * NS_PER_S) : below(3 * HOUR_S * NS_PER_S);
}

static struct made *add(void)
{
	struct made *m = &made.flow[made.count++];
	struct event *ev = &m->ev;

	*m = (struct made){.ev.head = {.id = ++made.next_id, .flags = EV_HAS_IDENT | EV_HAS_EXTRA}};
	ev->ident = (struct ev_ident){.open_ns = day_now_ns(), .netns = 4026531840u, .seen = SEEN_OPEN};
	ev->ident.family = made.next_id % 12 ? 4 : 6;
	set_owner(&ev->ident);
	made.opened++;
	return m;
}

static void open_flow(struct source *s)
{
	struct made *m;
	struct event *ev;

	if (made.count == FLOWS_MAX) {
		made.refused++;
		return;
	}
	m = add();
	ev = &m->ev;
	m->end_ns = day_now_ns() + some_life_ns(&m->is_long);
	set_address(&ev->ident.laddr, 0x0a000001, ev->ident.family == 6);
	// Mostly private, each its own; some public.
	set_address(&ev->ident.raddr, (made.next_id % 5 ? 0x0a800000u : 0x51000000u) + (uint32_t)made.next_id,
		    ev->ident.family == 6);
	ev->ident.lport = (uint16_t)(32768 + made.next_id % 28000);
	ev->ident.rport = (uint16_t)(made.next_id % 3 ? 443 : 5432);
	ev->ident.role = made.next_id % 3 ? ROLE_CONNECT : ROLE_ACCEPT;
	ev->head.state = ST_SYN_SENT;
	if (made.next_id % 50) {
		ev->head.state = ST_ESTABLISHED;
		ev->ident.handshake_us = 100 + (uint32_t)below(50000);
		ev->ident.established_ns = day_now_ns();
		ev->count.srtt_us = ev->ident.handshake_us;
		ev->count.min_rtt_us = ev->ident.handshake_us;
	}
	ev->extra.known = KNOWN_CAUSES;
	emit(s, ev, EV_OPEN);
}

static void open_listener(struct source *s, unsigned i)
{
	struct made *m = add();

	set_address(&m->ev.ident.laddr, 0, false);
	set_address(&m->ev.ident.raddr, 0, false);
	m->ev.ident.lport = (uint16_t)(2000 + i + made.next_id % 20000);
	m->ev.ident.role = ROLE_LISTEN;
	m->ev.head.state = ST_LISTEN;
	m->end_ns = day_now_ns() + (2 + below(4)) * HOUR_S * NS_PER_S;
	emit(s, &m->ev, EV_OPEN);
}

static void close_flow(struct source *s, unsigned i)
{
	struct event *ev = &made.flow[i].ev;
	bool is_listener = ev->head.state == ST_LISTEN;

	ev->head.end_reason = END_FIN;
	if (ev->head.state == ST_SYN_SENT) {
		ev->head.end_reason = ev->head.id % 100 ? END_REFUSED : END_TIMEOUT;
		ev->head.error = ev->head.id % 100 ? ECONNREFUSED : ETIMEDOUT;
	} else if (ev->head.id % 20 == 7) {
		ev->head.end_reason = END_RESET_RECEIVED;
		ev->head.error = ECONNRESET;
	}
	emit(s, ev, EV_CLOSE);
	made.closed++;
	made.flow[i] = made.flow[--made.count];
	if (is_listener)
		open_listener(s, (unsigned)made.next_id % LISTENERS);
}

// Who lives long has minutes of work, and hours without.
static bool is_idle(const struct made *m)
{
	return m->is_long && (m->ev.head.id + day_second() / 1200) % 4;
}

static void move(struct made *m)
{
	struct event *ev = &m->ev;

	if (ev->head.state != ST_ESTABLISHED || is_idle(m) || below(100) >= MOVING_PERCENT)
		return;
	ev->count.tx_bytes += below(4000);
	ev->count.acked_bytes = ev->count.tx_bytes;
	ev->count.rx_bytes += below(20000);
	ev->extra.segs_out += 3;
	ev->extra.segs_in += 14;
	ev->extra.data_segs_out += 3;
	if (!below(200)) {
		ev->count.retrans_segs++;
		ev->count.retrans_bytes += 1448;
		ev->extra.retrans[ev->head.id % 2 ? CAUSE_RTO : CAUSE_FAST]++;
	}
	m->moved = true;
}

static void step(struct source *s)
{
	unsigned second = day_second();
	bool is_rush = second / HOUR_S % 3 == 0 && second % HOUR_S < 60;

	for (unsigned i = 0; i < made.count; i++)
		if (made.flow[i].end_ns <= day_now_ns())
			close_flow(s, i--);
		else
			move(&made.flow[i]);
	made.owed += (is_rush ? 120.0 : 12.0) * STEP_NS / NS_PER_S;
	for (; made.owed >= 1; made.owed--)
		open_flow(s);
}

// --- and who tells of them -------------------------------------------------------------------------

static bool suits(const struct watch *watch)
{
	(void)watch;
	return true;
}

static int source_open(struct source *s)
{
	const struct itimerspec every = {.it_value.tv_nsec = STEP_NS, .it_interval.tv_nsec = STEP_NS};

	(void)s;
	// All memory of ours is there from the start on.
	memset(made.flow, 1, sizeof(made.flow));
	made.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	made.stepped_ns = day_now_ns();
	return timerfd_settime(made.timer, 0, &every, NULL);
}

static int source_start(struct source *s)
{
	for (unsigned i = 0; i < LISTENERS; i++)
		open_listener(s, i);
	return 0;
}

static int source_fd(const struct source *s)
{
	(void)s;
	return made.timer;
}

static int source_drain(struct source *s)
{
	uint64_t expirations, before = made.opened + made.closed;

	while (read(made.timer, &expirations, sizeof(expirations)) > 0)
		;
	for (; made.stepped_ns + STEP_NS <= day_now_ns(); made.stepped_ns += STEP_NS)
		step(s);
	return made.opened + made.closed != before;
}

static int source_sample(struct source *s)
{
	for (unsigned i = 0; i < made.count; i++) {
		if (s->everything || made.flow[i].moved)
			emit(s, &made.flow[i].ev, EV_SAMPLE);
		made.flow[i].moved = false;
	}
	return 0;
}

static void source_nothing(struct source *s)
{
	(void)s;
}

static void source_all(struct source *s, struct account *ret)
{
	(void)s;
	*ret = (struct account){.opened = made.opened, .closed = made.closed, .live = made.count};
}

static const struct source_ops source_day = {
	.name = "day",
	.summary = "a day that is made up",
	.counters = true,
	.suits = suits,
	.open = source_open,
	.start = source_start,
	.fd = source_fd,
	.drain = source_drain,
	.sample = source_sample,
	.freeze = source_nothing,
	.account = source_all,
	.close = source_nothing,
};

const struct source_ops *__wrap_sources_choose(const struct watch *watch, const char *name)
{
	(void)watch;
	(void)name;
	return &source_day;
}

struct cgroup_names *__wrap_cgroup_names_new(void)
{
	return cgroup_names_new_at(getenv("DAY_CGROUPS"));
}
