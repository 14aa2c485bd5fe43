// SPDX-License-Identifier: BSD-2-Clause
// tcpsight itself, with a clock, timers and connections that are made up: a day passes as fast as the
// processor can work through it.
//
//     DAY_CGROUPS=FOLDER day agent [OPTION...]
//
// The folders below FOLDER are cgroups, their inodes the numbers of those.
// All of tcpsight is linked in as it is. Time stands still while it works, and goes on to the next timer when
// it would wait; who asks it over HTTP is answered in between. Lines on standard input say what to do:
//
//     cgroup N      connections that open from now on are of this cgroup too; the latest 64 are remembered
//     until S       let S seconds pass since the start, say "at S ...", then stand still and answer whoever asks
//
// Connections: 12 a second, ten times as many in the first minute of every third hour, each to an address of
// its own; most end soon, few live for hours and are idle in between. A fifth are of processes whose names come
// and go (100,000 in a day), the rest of 40 that stay. Listeners come and go, too.

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "engine/source.h"
#include "util/cgroup.h"

#define NS_PER_S 1000000000ull
#define STEP_NS (NS_PER_S / 4)
#define BEGIN_NS (1000 * NS_PER_S)  // CLOCK_MONOTONIC at the start
#define WALL_S 1793491200ull	    // and the real time: 2026-11-01
#define LOOK_NS 5000000
#define TIMERS_MAX 32
#define FLOWS_MAX 4096
#define LISTENERS 12
#define CGROUPS 64
#define HOUR_S 3600
#define MOVING_PERCENT 12

struct timer {
	int fd;
	uint64_t at_ns, every_ns;
};

static struct {
	uint64_t now_ns, until_ns;
	struct timer timer[TIMERS_MAX];
	unsigned timers;
	char line[64]; // of standard input, as far as it came
	size_t line_len;
	bool is_heard; // standard input is waited for
} day = {.now_ns = BEGIN_NS, .until_ns = BEGIN_NS};

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

static unsigned second_of_day(void)
{
	return (unsigned)((day.now_ns - BEGIN_NS) / NS_PER_S);
}

// --- the clock ---------------------------------------------------------------------------------

int __real_clock_gettime(clockid_t id, struct timespec *ret);
int __real_epoll_wait(int epoll, struct epoll_event *events, int max, int timeout);

struct cgroup_names *__wrap_cgroup_names_new(void);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);
time_t __wrap_time(time_t *ret);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);
int __wrap_timerfd_create(int clock, int flags);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);
int __wrap_epoll_wait(int epoll, struct epoll_event *events, int max, int timeout);
const struct source_ops *__wrap_sources_choose(const struct watch *watch, const char *name);

int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	uint64_t ns = day.now_ns;

	if (id != CLOCK_MONOTONIC && id != CLOCK_BOOTTIME && id != CLOCK_REALTIME)
		return __real_clock_gettime(id, ret);
	if (id == CLOCK_REALTIME)
		ns += WALL_S * NS_PER_S - BEGIN_NS;
	ret->tv_sec = (time_t)(ns / NS_PER_S);
	ret->tv_nsec = (long)(ns % NS_PER_S);
	return 0;
}

time_t __wrap_time(time_t *ret)
{
	struct timespec now;

	__wrap_clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

// Threads look again every few milliseconds whether it is time.
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
	struct timespec now, soon;

	__wrap_clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > until->tv_sec || (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec))
		return ETIMEDOUT;
	__real_clock_gettime(CLOCK_MONOTONIC, &soon);
	soon.tv_nsec += LOOK_NS;
	if (soon.tv_nsec >= (long)NS_PER_S)
		soon.tv_sec++, soon.tv_nsec -= (long)NS_PER_S;
	pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, &soon);
	return 0;
}

// --- timers: descriptors that we make readable ---------------------------------------------------

int __wrap_timerfd_create(int clock, int flags)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	(void)clock;
	(void)flags;
	if (fd < 0 || day.timers == TIMERS_MAX)
		err(1, "day: no more timers");
	day.timer[day.timers++] = (struct timer){fd, UINT64_MAX, 0};
	return fd;
}

static uint64_t ns_of(struct timespec t)
{
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
	struct timer *t = day.timer;
	uint64_t value_ns = ns_of(new->it_value);

	(void)old;
	while (t < day.timer + day.timers && t->fd != fd)
		t++;
	if (t == day.timer + day.timers)
		return -1;
	t->every_ns = ns_of(new->it_interval);
	// The one that waits for the system's clock to be set: it never is.
	if (!value_ns || flags & TFD_TIMER_CANCEL_ON_SET)
		t->at_ns = UINT64_MAX;
	else
		t->at_ns = flags & TFD_TIMER_ABSTIME ? value_ns : day.now_ns + value_ns;
	return 0;
}

// To the next timer, or as far as was asked for.
static void go_on(void)
{
	const uint64_t one = 1;
	uint64_t to_ns = day.until_ns;

	for (unsigned i = 0; i < day.timers; i++)
		if (day.timer[i].at_ns < to_ns)
			to_ns = day.timer[i].at_ns;
	if (to_ns > day.now_ns)
		day.now_ns = to_ns;
	for (unsigned i = 0; i < day.timers; i++) {
		struct timer *t = &day.timer[i];

		if (t->at_ns > day.now_ns)
			continue;
		t->at_ns = t->every_ns ? t->at_ns + t->every_ns : UINT64_MAX;
		if (write(t->fd, &one, sizeof(one)) < 0)
			err(1, "day: a timer");
	}
}

static void tell_arrival(void)
{
	printf("at %u opened %llu closed %llu live %u refused %llu\n", second_of_day(),
	       (unsigned long long)made.opened, (unsigned long long)made.closed, made.count,
	       (unsigned long long)made.refused);
	fflush(stdout);
}

static void obey(const char *line)
{
	unsigned long long n;

	if (sscanf(line, "cgroup %llu", &n) == 1)
		made.cgroup[made.cgroups++ % CGROUPS] = n;
	else if (sscanf(line, "until %llu", &n) == 1)
		day.until_ns = BEGIN_NS + n * NS_PER_S;
	else
		errx(1, "day: what does '%s' mean?", line);
	if (*line == 'u' && day.until_ns <= day.now_ns)
		tell_arrival();
}

static void hear(void)
{
	char bytes[4096];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	// Who started us has gone: a signal will come, or nobody waits for more.
	if (n <= 0)
		exit(0);
	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] != '\n' && day.line_len < sizeof(day.line) - 1) {
			day.line[day.line_len++] = bytes[i];
			continue;
		}
		day.line[day.line_len] = '\0';
		day.line_len = 0;
		obey(day.line);
	}
}

// What is said to us is nothing to the loop.
static int take_orders(struct epoll_event *events, int n)
{
	int kept = 0;

	for (int i = 0; i < n; i++)
		if (events[i].data.fd == STDIN_FILENO)
			hear();
		else
			events[kept++] = events[i];
	return kept;
}

int __wrap_epoll_wait(int epoll, struct epoll_event *events, int max, int timeout)
{
	struct epoll_event input = {.events = EPOLLIN, .data.fd = STDIN_FILENO};
	bool has_arrived;
	int n;

	if (timeout >= 0)
		return __real_epoll_wait(epoll, events, max, timeout);
	if (!day.is_heard && epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input))
		err(1, "day: standard input");
	day.is_heard = true;
	do {
		has_arrived = day.now_ns >= day.until_ns;
		n = __real_epoll_wait(epoll, events, max, has_arrived ? -1 : 0);
		if (n < 0)
			return n;
		n = take_orders(events, n);
		if (n || has_arrived)
			continue;
		go_on();
		if (day.now_ns >= day.until_ns)
			tell_arrival();
	} while (!n);
	return n;
}

// --- the connections -----------------------------------------------------------------------------

static void emit(struct source *s, struct event *ev, unsigned kind)
{
	ev->head.kind = (uint8_t)kind;
	ev->time_ns = day.now_ns;
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
	unsigned hour = second_of_day() / HOUR_S, who = (unsigned)below(200);

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
	ev->ident = (struct ev_ident){.open_ns = day.now_ns, .netns = 4026531840u, .seen = SEEN_OPEN};
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
	m->end_ns = day.now_ns + some_life_ns(&m->is_long);
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
		ev->ident.established_ns = day.now_ns;
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
	m->end_ns = day.now_ns + (2 + below(4)) * HOUR_S * NS_PER_S;
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
	return m->is_long && (m->ev.head.id + second_of_day() / 1200) % 4;
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
	unsigned second = second_of_day();
	bool is_rush = second / HOUR_S % 3 == 0 && second % HOUR_S < 60;

	for (unsigned i = 0; i < made.count; i++)
		if (made.flow[i].end_ns <= day.now_ns)
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
	made.stepped_ns = day.now_ns;
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
	for (; made.stepped_ns + STEP_NS <= day.now_ns; made.stepped_ns += STEP_NS)
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
