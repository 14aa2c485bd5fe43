// SPDX-License-Identifier: BSD-2-Clause
/*
 * The one loop: signals, the intervals' timer, the source's descriptor, those of consumers, and the
 * outputs (whose readers may go away while nothing is printed).
 */
#pragma once
#include <stdint.h>

struct all_asked;
struct engine;
struct event;
struct source;
struct watch;

struct loop {
	const struct watch *watch;
	struct engine *engine;
	struct source *source;
	struct all_asked *asked;
	int command; /* pidfd of -c: its end is the run's; -1 if there is none */
	int epoll, signals, tick, come_back, deadline;
	uint64_t last_ns; /* of an offline source: its latest time */
};

/* Block the signals that end us, so that they are only ever met in the loop. Call first of all. */
int loop_block_signals(void);

/* The intervals begin now; the host's own counters are measured from here. */
void loop_begin(struct loop *loop);

/* Show the present sockets. 0 or -errno. */
int loop_run_once(struct loop *loop);

/* Run until a signal, the last interval, --duration, or an error. 0 or -errno. */
int loop_run_live(struct loop *loop);

/* Run an offline source to its end. 0 or -errno. */
int loop_run_offline(struct loop *loop);

/* An offline source's emit, whose context is a struct loop: its time makes the intervals end. */
void loop_emit_offline(void *loop, const struct event *ev);
