// SPDX-License-Identifier: BSD-2-Clause
/*
 * The loop of a source that brings its own time: a file, or what somebody writes into a pipe.
 * Without epoll and timers, which a run with such input is not left, since it may come from
 * anybody.
 */
#pragma once
#include <stdbool.h>

struct event;
struct loop;

/* Run an offline source to its end, or to a signal. 0 or -errno. */
int loop_run_offline(struct loop *loop);

/* An offline source's emit, whose context is a struct loop: its time makes the intervals end. */
void loop_emit_offline(void *loop, const struct event *ev);

/* For a view to call while it prints many rows: a signal ends the run here too. */
void loop_meanwhile_offline(void *loop);
