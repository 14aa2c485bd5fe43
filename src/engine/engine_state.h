// SPDX-License-Identifier: BSD-2-Clause
/* What the engine holds, and how its files look at it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/flow_table.h"
#include "engine/pace.h"

struct engine {
	struct consumer *consumer[CONSUMERS_MAX];
	struct pace pace[PACES_MAX];
	unsigned paces;
	uint32_t max_flows;
	struct flow_table flows; /* empty unless somebody follows flows while they live */
	struct ev_extra *extra;	 /* by slot; NULL unless somebody needs it */
	unsigned wants, needs;	 /* of all consumers */
	uint16_t all_paces;	 /* their bits */
	uint64_t all_wanted;	 /* bits of the consumers that are there */
	uint64_t next_tick_ns;	 /* the first of all paces; UINT64_MAX: none is due before the end */
	uint32_t leaving_head;	 /* flows that closed while rows were printed; slot + 1 */
	bool is_ticking;
	bool offline; /* the source brings its own time */
	bool keeps_all; /* flows are kept for whoever wants their end: the source finds lost ones */
	uint64_t unseen; /* flows that closed by EV_ALL */
	bool first_leads; /* the end of the first consumer, whose question the run is, is the run's */
	bool has_begun;
	uint64_t begun_ns; /* when the first intervals began */
	uint64_t now_ns;   /* of the tick that is made, or of the last one */
	bool ends_on_grid; /* the last, partial interval ends where it would have ended */
	uint64_t floor_ns; /* no interval is shorter, whatever was asked; 0: as asked */
	uint64_t slack_ns; /* a tick may come so much too early: where a recording tells of ticks */
	int64_t host_now[COUNTER_COUNT];
	bool has_host;
};

/* Consumers among `bits`, of which there is at least one. */
static inline struct consumer *engine_next_of(const struct engine *e, uint64_t *bits)
{
	unsigned i = (unsigned)__builtin_ctzll(*bits);

	*bits &= *bits - 1;
	return e->consumer[i];
}

static inline bool engine_takes_state(const struct consumer *c, unsigned state)
{
	if (state == ST_LISTEN && !(c->wants & WANT_LISTENERS))
		return false;
	return c->states >> state & 1;
}

static inline const struct ev_extra *engine_extra(const struct engine *e, uint32_t slot)
{
	return e->extra ? &e->extra[slot] : NULL;
}
