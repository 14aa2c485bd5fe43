// SPDX-License-Identifier: BSD-2-Clause
#include "app/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/engine.h"
#include "engine/settings.h"
#include "engine/source.h"
#include "util/log.h"
#include "util/out.h"

/* While events come, look for more so often; the source wakes us only when it was quiet. */
#define COME_BACK_NS 50000000L
#define EVENTS_MAX 8

static sigset_t handled(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGWINCH);
	return set;
}

int loop_block_signals(void)
{
	sigset_t set = handled();

	signal(SIGPIPE, SIG_IGN);
	return sigprocmask(SIG_BLOCK, &set, NULL) ? -errno : 0;
}

static int watch(struct loop *l, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	return fd < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int timer(struct loop *l, uint64_t first_s, uint64_t every_s)
{
	struct itimerspec spec = {.it_value.tv_sec = (time_t)first_s,
				  .it_interval.tv_sec = (time_t)every_s};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL) || watch(l, fd, EPOLLIN))
		log_errno(errno, "cannot make a timer");
	return fd;
}

static int open_all(struct loop *l)
{
	const struct settings *s = l->engine->settings;
	bool ticks = l->engine->view->when == VIEW_ON_TICK;
	sigset_t set = handled();

	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (l->epoll < 0 || watch(l, l->signals, EPOLLIN))
		return log_errno(errno, "cannot set up the event loop");
	/* Only errors: its reader has gone. A regular file cannot be watched, and need not be. */
	if (watch(l, l->engine->view->out->fd, 0) != -EPERM)
		l->engine->view->out->interrupt_fd = l->signals;
	l->tick = timer(l, ticks ? s->interval_s : 0, ticks ? s->interval_s : 0);
	l->deadline = timer(l, s->duration_s, 0);
	l->come_back = timer(l, 0, 0);
	watch(l, l->source->ops->fd(l->source), EPOLLIN);
	watch(l, l->command, EPOLLIN);
	watch(l, l->extra_fd, EPOLLIN);
	return 0;
}

/* The signals stay open: the last lines may still wait for a reader, and must not hold us. */
static void close_all(struct loop *l)
{
	close(l->epoll);
	close(l->tick);
	close(l->deadline);
	close(l->come_back);
}

static int drain(struct loop *l)
{
	struct itimerspec soon = {.it_value.tv_nsec = COME_BACK_NS};
	int n = l->source->ops->drain(l->source);

	if (n > 0 && l->come_back >= 0)
		timerfd_settime(l->come_back, 0, &soon, NULL);
	return n < 0 ? n : 0;
}

static void read_host(struct loop *l)
{
	int64_t value[COUNTER_COUNT];

	if (!l->engine->view->counters || !l->source->ops->host || !(l->source->needs & NEED_HOST))
		return;
	l->source->ops->host(l->source, value);
	ledger_host(&l->engine->ledger, value);
}

void loop_begin(struct loop *l)
{
	read_host(l);
}

/* Bring every live flow up to date and show the interval. */
static int tick(struct loop *l)
{
	int err = drain(l);

	clock_follow_host(l->source->clock);
	if (!err)
		err = l->source->ops->sample(l->source);
	if (!err)
		read_host(l);
	if (!err)
		engine_tick(l->engine, clock_now_ns());
	return err;
}

static void eat(int fd)
{
	uint64_t expirations;

	while (read(fd, &expirations, sizeof(expirations)) > 0)
		;
}

/* Returns 1 if the signal ends the run. */
static int take_signal(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signals, &info, sizeof(info)) > 0) {
		if (info.ssi_signo != SIGWINCH)
			return 1;
		if (l->screen && l->engine->ticks)
			view_redraw(l->engine->view);
	}
	return 0;
}

/* Returns 1 to end the run well, 0 to go on, -errno. */
static int handle(struct loop *l, int fd)
{
	const struct settings *s = l->engine->settings;
	int err = 0;

	if (fd == l->signals)
		return take_signal(l);
	if (fd == l->engine->view->out->fd)
		return -EPIPE;
	if (fd == l->extra_fd) {
		l->run_extra(l->extra_context);
		return 0;
	}
	if (fd == l->deadline || fd == l->command)
		return 1;
	if (fd == l->tick) {
		eat(fd);
		err = tick(l);
		return err ? err : s->count && l->engine->ticks >= s->count;
	}
	if (fd == l->come_back)
		eat(fd);
	err = drain(l);
	return err ? err : l->engine->view->full;
}

/*
 * The end of the run: what the last, partial interval owes, unless the asked number of intervals
 * was printed. The last sample is taken in any case, since it also counts what is live.
 */
static int finish(struct loop *l)
{
	const struct settings *s = l->engine->settings;
	int err;

	l->source->ops->freeze(l->source);
	err = drain(l);
	if (!err)
		err = l->source->ops->sample(l->source);
	if (!err)
		read_host(l);
	if (!err && (!s->count || l->engine->ticks < s->count))
		engine_tick(l->engine, clock_now_ns());
	return err;
}

int loop_run_once(struct loop *l)
{
	l->come_back = -1;
	return tick(l);
}

int loop_run_live(struct loop *l)
{
	struct epoll_event events[EVENTS_MAX];
	int result = open_all(l);

	if (!result)
		result = drain(l);
	while (!result) {
		int n = epoll_wait(l->epoll, events, EVENTS_MAX, -1);

		if (n < 0 && errno != EINTR)
			result = -errno;
		for (int i = 0; i < n && !result; i++)
			result = handle(l, events[i].data.fd);
		if (out_flush(l->engine->view->out))
			result = -l->engine->view->out->error;
	}
	if (result > 0)
		result = finish(l);
	close_all(l);
	return result;
}

/* A signal ends an offline run too. */
static bool signal_waits(void)
{
	sigset_t set;

	return !sigpending(&set) && (sigismember(&set, SIGINT) || sigismember(&set, SIGTERM) ||
				     sigismember(&set, SIGHUP));
}

int loop_run_offline(struct loop *l)
{
	struct engine *e = l->engine;
	unsigned events = 0;
	int n;

	do {
		n = l->source->ops->drain(l->source);
		if (++events % 4096 == 0 && (signal_waits() || out_flush(e->view->out)))
			break;
	} while (n > 0 && !e->done && !e->view->full);
	if (n >= 0 && e->next_tick_ns && !e->done)
		engine_tick(e, e->next_tick_ns);
	return n < 0 ? n : -e->view->out->error;
}
