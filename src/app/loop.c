// SPDX-License-Identifier: BSD-2-Clause
#include "app/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "app/agent_service.h"
#include "app/asked.h"
#include "engine/clock.h"
#include "engine/column.h"
#include "engine/engine.h"
#include "engine/source.h"
#include "engine/watch.h"
#include "util/log.h"

/* While events come, look for more so often; the source wakes us only when it was quiet. */
#define COME_BACK_NS 50000000L
/* Of two looks a second apart the second need not read again what stands still (WANT_EACH). */
#define WHOLE_NS 1500000000ull
#define EVENTS_MAX 16
#define NS_PER_S 1000000000ull
/* A clock that was set by so much is told of. */
#define STEP_TOLD_S 1.0

/* Whoever started us may want us to outlive the terminal: nohup ignores the signal. */
static bool ignores_hangup(void)
{
	struct sigaction now;

	return !sigaction(SIGHUP, NULL, &now) && now.sa_handler == SIG_IGN;
}

static sigset_t handled(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (!ignores_hangup())
		sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGWINCH);
	return set;
}

int loop_block_signals(void)
{
	sigset_t set = handled();

	signal(SIGPIPE, SIG_IGN);
	/* A file that grows beyond what `ulimit -f` allows is one output's error, not our end. */
	signal(SIGXFSZ, SIG_IGN);
	return sigprocmask(SIG_BLOCK, &set, NULL) ? -errno : 0;
}

/* Nothing, if there is no such descriptor. */
static int watch(struct loop *l, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	return fd >= 0 && epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

/* A timer of the monotonic clock, not yet set. */
static int make_timer(struct loop *l, int *ret)
{
	*ret = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (*ret < 0 || watch(l, *ret, EPOLLIN))
		return log_errno(errno, "cannot make a timer");
	return 0;
}

/* UINT64_MAX: never. */
static void set_timer(int fd, uint64_t at_ns)
{
	struct itimerspec spec = {0};

	if (at_ns != UINT64_MAX) {
		spec.it_value.tv_sec = (time_t)(at_ns / NS_PER_S);
		spec.it_value.tv_nsec = (long)(at_ns % NS_PER_S);
	}
	timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void arm_tick(struct loop *l)
{
	if (l->armed_ns == l->engine->next_tick_ns)
		return;
	l->armed_ns = l->engine->next_tick_ns;
	set_timer(l->tick, l->armed_ns);
}

/* Whether its reader has gone, and, if it queues, when it can take more. */
static void watch_output(struct loop *l, struct output *p)
{
	/* A regular file cannot be watched, and need not be. */
	if (watch(l, p->out.fd, p->out.queues ? EPOLLOUT | EPOLLET : 0) != -EPERM)
		p->out.interrupt_fd = l->signals;
}

int loop_open(struct loop *l)
{
	sigset_t set = handled();

	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (l->epoll < 0 || l->signals < 0 || watch(l, l->signals, EPOLLIN))
		return log_errno(errno, "cannot set up the event loop");
	for (unsigned i = 0; i < l->asked->outputs.count; i++)
		watch_output(l, &l->asked->outputs.output[i]);
	return 0;
}

/* A timer that never ends, but is cancelled when the clock is set, while nothing else happens. */
static int watch_clock(struct loop *l)
{
	const struct itimerspec never = {.it_value.tv_sec = INT64_MAX / (int64_t)NS_PER_S};

	l->clock = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->clock < 0 || watch(l, l->clock, EPOLLIN) ||
	    timerfd_settime(l->clock, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL))
		return log_errno(errno, "cannot make a timer");
	return 0;
}

static int open_timers(struct loop *l)
{
	int err = make_timer(l, &l->tick);

	if (!err)
		err = make_timer(l, &l->deadline);
	if (!err)
		err = make_timer(l, &l->come_back);
	if (!err)
		err = watch_clock(l);
	return err;
}

static int watch_all(struct loop *l)
{
	int err = open_timers(l);

	if (err)
		return err;
	arm_tick(l);
	if (l->watch->duration_s)
		set_timer(l->deadline, clock_now_ns() + l->watch->duration_s * NS_PER_S);
	err = watch(l, l->source->ops->fd(l->source), EPOLLIN);
	if (!err)
		err = watch(l, l->command, EPOLLIN);
	for (unsigned i = 0; i < l->asked->count && !err; i++)
		err = watch(l, l->asked->one[i]->consumer.fd, EPOLLIN);
	return err ? log_errno(err, "cannot wait for events") : 0;
}

void loop_close(struct loop *l)
{
	const int all[] = {l->epoll, l->signals, l->tick, l->deadline, l->come_back, l->clock};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] >= 0)
			close(all[i]);
}

/*
 * Rows are told in the time that the clock shows when they are made, all of one run by one offset,
 * so that those of the past keep their order and their distances.
 */
static void follow_clock(struct loop *l)
{
	double step_s = (double)clock_follow_host(l->source->clock) / NS_PER_S;

	if (step_s >= STEP_TOLD_S || step_s <= -STEP_TOLD_S)
		log_warn(
			"the system clock jumped %s by %.1f s; times from here on are told by it as it "
			"is now (it was set, or the machine slept)",
			step_s > 0 ? "forward" : "back", step_s > 0 ? step_s : -step_s);
}

static int drain(struct loop *l)
{
	struct itimerspec soon = {.it_value.tv_nsec = COME_BACK_NS};
	const struct itimerspec at_once = {.it_value.tv_nsec = 1};
	int n;

	/* Before events are taken that happened since. */
	follow_clock(l);
	n = l->source->ops->drain(l->source);
	if (n > 0 && l->come_back >= 0)
		timerfd_settime(l->come_back, 0, l->source->is_behind ? &at_once : &soon, NULL);
	return n < 0 ? n : 0;
}

void loop_read_host(struct loop *l)
{
	int64_t value[COUNTER_COUNT];

	if (!l->source->ops->host || !(l->source->needs & ~l->source->lacks & NEED_HOST))
		return;
	l->source->ops->host(l->source, value);
	engine_host(l->engine, value);
}

void loop_begin(struct loop *l)
{
	engine_begin(l->engine, clock_now_ns());
	loop_read_host(l);
}

/*
 * What a sample need not hold costs nothing: a question that is asked every ten seconds reads more of
 * each socket then only. What was left out of the last one may have changed since. `*ret_needs`: of those who
 * are told.
 */
static void choose_sample(struct loop *l, uint64_t time_ns, unsigned *ret_needs)
{
	struct source *s = l->source;
	bool was_plain = s->plain;
	struct due due;

	engine_due(l->engine, time_ns, &due);
	s->plain = !(due.needs & (NEED_EXTRA | NEED_VERDICT));
	s->each = due.wants & WANT_EACH;
	s->everything = due.wants & WANT_ALL || (was_plain && !s->plain) ||
			(s->each && time_ns - l->whole_ns >= WHOLE_NS);
	if (s->everything)
		l->whole_ns = time_ns;
	s->takes_turns = !(due.whole_needs & (NEED_EXTRA | NEED_VERDICT));
	s->stalls = due.wants & WANT_STALLS;
	s->watched = due.watched;
	s->names_owners = time_ns == UINT64_MAX || engine_needs_now(l->engine) & NEED_OWNER;
	*ret_needs = due.needs;
}

/* Bring every live flow up to date, for those who are told at `time_ns`. */
static int sample(struct loop *l, uint64_t time_ns)
{
	int err = drain(l);
	unsigned needs;

	choose_sample(l, time_ns, &needs);
	if (!err)
		err = l->source->ops->sample(l->source);
	if (!err && needs & NEED_HOST)
		loop_read_host(l);
	return err;
}

/* Intervals end; by the time it took to sample, the next one may have ended too. */
static int tick(struct loop *l)
{
	int err = sample(l, clock_now_ns());

	if (!err)
		engine_advance(l->engine, clock_now_ns());
	if (!err && l->service)
		agent_service_ticked(l->service);
	arm_tick(l);
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
		if (info.ssi_signo == SIGHUP && l->service) {
			agent_service_reload(l->service);
			continue;
		}
		if (info.ssi_signo != SIGWINCH)
			return 1;
		for (unsigned i = 0; i < l->asked->count; i++) {
			struct consumer *c = &l->asked->one[i]->consumer;

			if (c->ops->resized)
				c->ops->resized(c);
		}
	}
	return 0;
}

/* An output is ready, or its reader has gone. */
static void take_output(struct output *p, uint32_t events)
{
	if (events & (EPOLLERR | EPOLLHUP))
		p->out.error = EPIPE;
}

/* True if the descriptor was that of an output or a consumer. */
static bool handle_asked(struct loop *l, int fd, uint32_t events)
{
	for (unsigned i = 0; i < l->asked->outputs.count; i++)
		if (l->asked->outputs.output[i].out.fd == fd) {
			take_output(&l->asked->outputs.output[i], events);
			return true;
		}
	for (unsigned i = 0; i < l->asked->count; i++) {
		struct consumer *c = &l->asked->one[i]->consumer;

		if (c->fd == fd) {
			c->ops->run(c);
			return true;
		}
	}
	return false;
}

/* Returns 1 to end the run well, 0 to go on, -errno. */
static int handle(struct loop *l, int fd, uint32_t events)
{
	int err;

	if (fd == l->signals)
		return take_signal(l);
	if (handle_asked(l, fd, events))
		return 0;
	if (fd == l->deadline || fd == l->command)
		return 1;
	if (fd == l->tick) {
		eat(fd);
		return tick(l);
	}
	if (fd == l->come_back || fd == l->clock)
		eat(fd);
	err = drain(l);
	return err;
}

int loop_flush(struct loop *l)
{
	int err = outputs_flush(&l->asked->outputs);

	for (unsigned i = 0; i < l->asked->count && !err; i++) {
		struct asked *a = l->asked->one[i];

		if (a->output && a->output->is_gone)
			a->consumer.done = a->consumer.is_gone = true;
	}
	if (err)
		return err;
	/* Whoever started us shall start us again, with all that was asked for. */
	return engine_is_done(l->engine) || (l->watch->strict && asked_has_failed(l->asked));
}

/*
 * The end of the run: what the last, partial interval owes, unless the asked number of intervals
 * was printed. The last sample is taken in any case, since it also counts what is live.
 */
static int finish(struct loop *l)
{
	int err;

	l->source->ops->freeze(l->source);
	err = sample(l, UINT64_MAX);
	if (!err)
		engine_finish(l->engine, clock_now_ns());
	return err;
}

int loop_run_once(struct loop *l)
{
	int err;

	loop_begin(l);
	err = sample(l, UINT64_MAX);
	if (!err)
		engine_finish(l->engine, clock_now_ns());
	return err;
}

int loop_run_live(struct loop *l)
{
	struct epoll_event events[EVENTS_MAX];
	int result = watch_all(l);

	if (!result)
		result = drain(l);
	while (!result) {
		int n = epoll_wait(l->epoll, events, EVENTS_MAX, -1);

		if (n < 0 && errno != EINTR)
			result = log_errno(errno, "cannot wait for events");
		for (int i = 0; i < n && !result; i++)
			result = handle(l, events[i].data.fd, events[i].events);
		/* Whoever came while it ran has a pace of his own. */
		arm_tick(l);
		if (!result)
			result = loop_flush(l);
	}
	if (result > 0 && l->service)
		agent_service_stop(l->service);
	if (result > 0)
		result = finish(l);
	return result;
}
