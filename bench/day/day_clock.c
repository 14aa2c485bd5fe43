// SPDX-License-Identifier: BSD-2-Clause
// The clock and the timers of a day that is made up, and the lines on standard input that say how long it
// goes on: see day.c.

#include "day.h"

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define WALL_S 1793491200ull // the real time at the start: 2026-11-01
#define LOOK_NS 5000000
#define TIMERS_MAX 32

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

uint64_t day_now_ns(void)
{
	return day.now_ns;
}

unsigned day_second(void)
{
	return (unsigned)((day.now_ns - BEGIN_NS) / NS_PER_S);
}

// --- the clock ---------------------------------------------------------------------------------

int __real_clock_gettime(clockid_t id, struct timespec *ret);
int __real_epoll_wait(int epoll, struct epoll_event *events, int max, int timeout);

int __wrap_clock_gettime(clockid_t id, struct timespec *ret);
time_t __wrap_time(time_t *ret);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);
int __wrap_timerfd_create(int clock, int flags);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);
int __wrap_epoll_wait(int epoll, struct epoll_event *events, int max, int timeout);

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

static void obey(const char *line)
{
	unsigned long long n;

	if (sscanf(line, "cgroup %llu", &n) == 1)
		day_add_cgroup(n);
	else if (sscanf(line, "until %llu", &n) == 1)
		day.until_ns = BEGIN_NS + n * NS_PER_S;
	else
		errx(1, "day: what does '%s' mean?", line);
	if (*line == 'u' && day.until_ns <= day.now_ns)
		day_tell();
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
			day_tell();
	} while (!n);
	return n;
}
