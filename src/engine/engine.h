// SPDX-License-Identifier: BSD-2-Clause
/*
 * The middle of the pipeline: events come in from a source, flows are kept, views get rows.
 * From kernel event to printed line: source emits -> engine_event() -> view_flow_closed() or, at a
 * tick, view_tick() -> sink row().
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/flow_table.h"
#include "engine/ledger.h"
#include "engine/view.h"

struct filter;
struct settings;

struct engine {
	const struct settings *settings;
	const struct filter *filter;
	struct flow_table flows; /* empty unless the view ticks */
	struct view *view;
	struct ledger ledger; /* of a view with counters */
	uint32_t leaving_head; /* closed flows that the last tick showed; slot + 1 */
	uint64_t next_tick_ns; /* of a source that brings its own time; 0 before its first event */
	uint64_t ticks;
	bool done; /* offline: the asked number of intervals is over */
};

/* `view`, `filter` and `settings` are kept. */
void engine_init(struct engine *e, const struct settings *settings, const struct filter *filter,
		 struct view *view);
void engine_done(struct engine *e);

/* Take one event, borrowed for the call. `context` is a struct engine: this is a source's emit. */
void engine_event(void *context, const struct event *ev);

/* The end of an interval: show what moved since the last one. */
void engine_tick(struct engine *e, uint64_t time_ns);

/*
 * For a source that brings its own time: make the ticks that are due before `time_ns`. Returns
 * false when the asked number of intervals is over.
 */
bool engine_advance(struct engine *e, uint64_t time_ns);
