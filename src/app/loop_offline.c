// SPDX-License-Identifier: BSD-2-Clause
#include "app/loop_offline.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/asked.h"
#include "app/loop.h"
#include "engine/engine.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/watch.h"

/* A source emits up to some hundred events at a time. */
#define DRAINS_PER_LOOK 16
#define DRAINS_PER_FLUSH 4096
#define NS_PER_S 1000000000ull

static bool signal_waits(void)
{
	sigset_t set;

	return !sigpending(&set) && (sigismember(&set, SIGINT) || sigismember(&set, SIGTERM) ||
				     sigismember(&set, SIGHUP) || sigismember(&set, SIGQUIT));
}

void loop_meanwhile_offline(void *loop)
{
	struct loop *l = loop;

	if (l->is_interrupted || !signal_waits())
		return;
	l->is_interrupted = true;
	/* Of the intervals that are due none shall follow. */
	for (unsigned i = 0; i < l->asked->count; i++) {
		struct consumer *c = &l->asked->one[i]->consumer;

		l->was_done |= (uint64_t)c->done << i;
		c->done = true;
	}
}

static void advance(struct loop *l, uint64_t time_ns)
{
	bool was_interrupted = l->is_interrupted;

	engine_advance(l->engine, time_ns);
	for (unsigned i = 0; i < l->asked->count && l->is_interrupted && !was_interrupted; i++)
		l->asked->one[i]->consumer.done = l->was_done >> i & 1;
}

/* The consumer that people look at, if there is one: it says how far is read. */
static struct consumer *led_by(const struct loop *l)
{
	for (unsigned i = 0; i < l->asked->count; i++)
		if (l->asked->one[i]->consumer.ops->holds)
			return &l->asked->one[i]->consumer;
	return NULL;
}

/*
 * Who looks at a recording moment by moment has its intervals: shorter ones would end with nothing in
 * them. Files of one directory may differ, and it may be opened at another one than before.
 */
static void take_recorded_interval(struct loop *l)
{
	uint64_t interval_ns = l->source->interval_ns;
	struct consumer *c = led_by(l);

	if (!c || !c->pace || !interval_ns)
		return;
	l->engine->slack_ns = interval_ns / 2;
	if (interval_ns < c->question->interval_s * NS_PER_S)
		interval_ns = c->question->interval_s * NS_PER_S;
	if (interval_ns != c->pace->interval_ns)
		engine_set_interval(l->engine, c, interval_ns);
}

static void begin(struct loop *l, uint64_t time_ns)
{
	take_recorded_interval(l);
	engine_begin(l->engine, time_ns);
	loop_read_host(l);
}

/*
 * Intervals begin with the first flow. Handshakes do not begin them: whether somebody else wants those
 * is nothing to whoever is told of intervals.
 */
static bool begins(const struct event *ev)
{
	return ev->head.kind != EV_TIME && ev->head.kind != EV_HANDSHAKE;
}

void loop_emit_offline(void *loop, const struct event *ev)
{
	struct loop *l = loop;
	struct engine *e = l->engine;

	if (!e->has_begun && (begins(ev) || l->source->ops->tells_ticks))
		begin(l, ev->time_ns);
	/* Where ticks are told, a run ends with one of them. */
	if (ev->time_ns > l->last_ns &&
	    (ev->head.kind == EV_TIME || !l->source->ops->tells_ticks || !l->last_ns))
		l->last_ns = ev->time_ns;
	/* What moved until an interval's end belongs to it; what comes with the event does not. */
	if (!l->is_interrupted && (l->source->ops->tells_ticks ? ev->head.kind == EV_TIME
							    : ev->time_ns >= e->next_tick_ns)) {
		l->is_interrupted = signal_waits();
		if (ev->head.kind == EV_TIME)
			l->source->ops->sample(l->source);
		loop_read_host(l);
		if (!l->is_interrupted)
			advance(l, ev->time_ns);
	}
	engine_event(e, ev);
}

/*
 * Whoever writes into our pipe may be in no hurry: then what there is so far is shown, and a signal
 * is heeded. Returns as loop_flush().
 */
static int wait_for_input(struct loop *l)
{
	struct pollfd fds[] = {{.fd = l->source->ops->fd(l->source), .events = POLLIN},
			       {.fd = l->signals, .events = POLLIN}};
	int result;

	if (fds[0].fd < 0 || poll(fds, 1, 0) > 0)
		return 0;
	result = loop_flush(l);
	while (!result && poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	l->is_interrupted |= signal_waits();
	return result;
}

/* Signals that wait: a window that was resized is told of, any other ends the run. */
static void take_signals(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signals, &info, sizeof(info)) > 0) {
		l->is_interrupted |= info.ssi_signo != SIGWINCH;
		for (unsigned i = 0; i < l->asked->count; i++) {
			struct consumer *c = &l->asked->one[i]->consumer;

			if (c->ops->resized && info.ssi_signo == SIGWINCH)
				c->ops->resized(c);
		}
	}
}

static bool must_wait(const struct loop *l)
{
	const struct consumer *c = led_by(l);

	return c && c->ops->holds(c);
}

/* Let people do what they want to, and wait for them while they want to read no further. */
static void heed_people(struct loop *l)
{
	struct consumer *c = led_by(l);
	bool waits;

	do {
		struct pollfd fds[] = {{.fd = c ? c->fd : -1, .events = POLLIN},
				       {.fd = l->signals, .events = POLLIN}};

		if (!c || c->done || c->read_from_us || l->is_interrupted)
			return;
		waits = c->ops->holds(c);
		if (poll(fds, 2, waits ? -1 : 0) <= 0)
			continue;
		if (fds[1].revents)
			take_signals(l);
		if (fds[0].revents)
			c->ops->run(c);
		/* What it leaves for later must not keep us from reading on. */
		waits = c->ops->holds(c);
	} while (waits);
}

/*
 * Somebody wants to see what came before: the file is opened again, where the sandbox still lets us,
 * and everything but the consumer forgets. 0 or -errno, logged.
 */
static int read_again(struct loop *l)
{
	struct consumer *c = led_by(l);
	int err;

	if (!c || !c->read_from_us)
		return 0;
	c->question->watch->from_us = c->read_from_us;
	c->read_from_us = 0;
	l->source->ops->close(l->source);
	engine_restart(l->engine);
	l->last_ns = 0;
	err = l->source->ops->open(l->source);
	return err ? err : l->source->ops->start(l->source);
}

static bool wants_again(const struct loop *l)
{
	const struct consumer *c = led_by(l);

	return c && c->read_from_us && !c->done && !l->is_interrupted;
}

static void look_up(struct loop *l)
{
	if (led_by(l))
		heed_people(l);
	else
		l->is_interrupted |= signal_waits();
}

/* All was read and told; the run ends when people have seen enough. */
static void show_end(struct loop *l)
{
	struct consumer *c = led_by(l);

	if (!c || c->done || l->is_interrupted)
		return;
	c->ops->source_ended(c);
	heed_people(l);
}

/* A question that wants nothing more is told of what there was when it ended, as if it were alone. */
static void note_ends(struct loop *l)
{
	for (unsigned i = 0; i < l->asked->count; i++) {
		struct asked *a = l->asked->one[i];

		if (!a->consumer.done || a->is_over)
			continue;
		a->is_over = true;
		source_account(l->source, wants_handshakes_alone(a->consumer.wants), &a->account);
		a->refused = l->engine->flows.refused;
	}
}

/* To the end of the file, or until nobody wants more. Returns 0 or -errno. */
static int read_all(struct loop *l)
{
	unsigned drains = 0;
	int n, result;

	do {
		result = wait_for_input(l);
		if (result || l->is_interrupted)
			break;
		n = l->source->ops->drain(l->source);
		note_ends(l);
		if (n == 0 || (n < 0 && n != -EAGAIN))
			result = n ? n : 1;
		else if (++drains % DRAINS_PER_FLUSH == 0)
			result = loop_flush(l);
		else if (drains % DRAINS_PER_LOOK == 0 || must_wait(l))
			look_up(l);
	} while (!result && !l->is_interrupted && !engine_is_done(l->engine) && !wants_again(l));
	if (result < 0)
		return result;
	if (wants_again(l))
		return 0;
	engine_finish(l->engine, l->last_ns);
	show_end(l);
	return 0;
}

int loop_run_offline(struct loop *l)
{
	int err = read_all(l);

	while (!err && wants_again(l)) {
		err = read_again(l);
		if (!err)
			err = read_all(l);
	}
	return err;
}
