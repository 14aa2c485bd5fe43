// SPDX-License-Identifier: BSD-2-Clause
/*
 * The one loop: signals, the interval's timer, the source's descriptor, and standard output (whose
 * reader may go away while nothing is printed).
 */
#pragma once
#include <stdbool.h>

struct engine;
struct source;

struct loop {
	struct engine *engine;
	struct source *source;
	int epoll, signals, tick, come_back, deadline;
	int command; /* pidfd of -c: its end is the run's; -1 if there is none */
	int extra_fd; /* -1, or one that run_extra() is called for when it polls readable */
	void (*run_extra)(void *context);
	void *extra_context;
	bool screen; /* redraw when the window changes its size */
};

/* Block the signals that end us, so that they are only ever met in the loop. Call first of all. */
int loop_block_signals(void);

/* Before loop_run_live(): take what the host's own counters are measured from. */
void loop_begin(struct loop *loop);

/* Show the present sockets. 0 or -errno. */
int loop_run_once(struct loop *loop);

/* Run until a signal, the last interval, --duration, or an error. 0 or -errno. */
int loop_run_live(struct loop *loop);

/* Run an offline source to its end. 0 or -errno. */
int loop_run_offline(struct loop *loop);
