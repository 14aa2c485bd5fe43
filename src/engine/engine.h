// SPDX-License-Identifier: BSD-2-Clause
/*
 * The middle: events come in from a source, flows are kept, consumers are told. From kernel event
 * to printed line: the source emits -> engine_event() -> a view's closed() or, at a tick, tick() ->
 * a sink's row().
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/engine_state.h"

/* `max_flows` bounds all that is kept. */
void engine_init(struct engine *e, uint32_t max_flows, bool offline);

/*
 * Forget all flows and times, as if nothing had been told yet; consumers stay, and forget on their
 * own. For a file that is read again, from somewhere else.
 */
void engine_restart(struct engine *e);

/* Frees what the engine holds, not the consumers. */
void engine_done(struct engine *e);

/*
 * Add a consumer, which is kept; its ops, question, filter, wants, needs and states are set.
 * Before the first event, or at `now_ns` while the engine runs: then it is told of all flows that
 * are there, and its first interval counts from now. Returns 0, -ENOSPC if there are too many, or
 * -ENOTSUP if a late one needs what this run does not read.
 */
int engine_add(struct engine *e, struct consumer *c, uint64_t now_ns);
void engine_remove(struct engine *e, struct consumer *c);

/* Another filter, which is kept: what it wants and was not wanted before is told as opened. */
void engine_set_filter(struct engine *e, struct consumer *c, struct filter *filter);

/* Another interval, from now on; nothing of what moves is lost. */
void engine_set_interval(struct engine *e, struct consumer *c, uint64_t interval_ns);

/* Take one event, borrowed for the call. `context` is a struct engine: this is a source's emit. */
void engine_event(void *context, const struct event *ev);

/* The first intervals begin now. A source that brings its own time begins with its first event. */
void engine_begin(struct engine *e, uint64_t time_ns);

/*
 * Make the ticks that are due at `time_ns`. Of a source that brings its own time, each at its own
 * time; intervals in which nothing happened are left out where more than ENGINE_EMPTY_TICKS would
 * follow each other, so that the output is bounded by the number of events.
 */
#define ENGINE_EMPTY_TICKS 60
void engine_advance(struct engine *e, uint64_t time_ns);

/*
 * If many flows have gone, give back most of what was kept for them. Then it looks at all slots; false: there is
 * no need to.
 */
bool engine_shrink(struct engine *e);

/* What those want who are told next, so that a sample need not hold what nobody looks at. */
struct due {
	unsigned wants, needs; /* enum consumer_want and column_need */
	unsigned whole_needs;  /* of those who take no turns */
	uint64_t watched;      /* of the one who does */
};
void engine_due(const struct engine *e, uint64_t time_ns, struct due *ret);

/* What all consumers need, whoever is told next: enum column_need. */
unsigned engine_needs_now(const struct engine *e);

/* The run is over: the last, partial interval of everybody who is still owed one. */
void engine_finish(struct engine *e, uint64_t time_ns);

/*
 * Nobody wants anything more: all consumers, or, where it leads, the first. Of a file it does not:
 * each is told what it would be told alone.
 */
bool engine_is_done(const struct engine *e);

/* The host's own counters, read now; the first call sets what they are measured from. */
void engine_host(struct engine *e, const int64_t value[COUNTER_COUNT]);
