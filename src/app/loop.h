// SPDX-License-Identifier: BSD-2-Clause
/*
 * The one loop: signals, the intervals' timer, the source's descriptor, those of consumers, and the
 * outputs (whose readers may go away while nothing is printed).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct all_asked;
struct engine;
struct event;
struct source;
struct watch;

struct agent_service;

struct loop {
	struct agent_service *service; /* of an agent, or NULL */
	const struct watch *watch;
	uint64_t whole_ns; /* when all of each flow was read last */
	struct engine *engine;
	struct source *source;
	struct all_asked *asked;
	int command; /* pidfd of -c: its end is the run's; -1 if there is none */
	int epoll, signals, tick, come_back, deadline, clock;
	uint64_t armed_ns;   /* when the timer of ticks is set to */
	uint64_t last_ns;    /* of an offline source: its latest time */
	bool is_interrupted; /* of an offline source: a signal ended the run */
	uint64_t was_done;   /* consumers, while the others are made to look so */
};

/*
 * Block the signals that end us, so that they are only ever met in the loop. Call before anything
 * is opened that a sudden death would leave behind.
 */
int loop_block_signals(void);

/*
 * Open what every run needs, while any file may still be opened: how signals are met, also while a
 * slow reader of the output is waited for. 0 or -errno, logged.
 */
int loop_open(struct loop *loop);
void loop_close(struct loop *loop);

/* The intervals begin now; the host's own counters are measured from here. */
void loop_begin(struct loop *loop);

/* Tell the engine of the host's own counters, if anybody asks for them. */
void loop_read_host(struct loop *loop);

/* Show the present sockets. 0 or -errno. */
int loop_run_once(struct loop *loop);

/* Run until a signal, the last interval, --duration, or an error. 0 or -errno. */
int loop_run_live(struct loop *loop);

/* Write what can be written. Returns 1 if nobody wants anything more, 0 to go on, or -errno. */
int loop_flush(struct loop *loop);
