// SPDX-License-Identifier: BSD-2-Clause
/*
 * A pace is an interval that consumers asked for. It remembers what was told of each flow, so that
 * consumers of one pace share one delta, computed once, and those of another are not disturbed.
 * All memory is reserved once, by slot of the flow table, and costs only what is touched.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/consumer.h"
#include "engine/counter.h"
#include "engine/flow_table.h"

#define CONSUMERS_MAX 64 /* a bit each in flow.wanted */
#define PACES_MAX 16	 /* a bit each in flow.news */

struct pace {
	uint64_t interval_ns;  /* 0: one tick, at the end */
	uint64_t next_tick_ns; /* UINT64_MAX: not before the end */
	uint64_t last_tick_ns;
	uint16_t bit;	       /* of flow.news */
	bool is_late;	       /* begun while the engine ran: not shared */
	struct consumer *consumer[CONSUMERS_MAX];
	unsigned consumers;

	struct ev_count *reported;	/* by slot: what was told */
	int64_t (*told)[COUNTER_COUNT]; /* by slot; NULL unless somebody wants counters */
	uint32_t *news; /* slots of flows with news, oldest first; an entry may be stale */
	uint32_t news_count, news_limit;
	uint32_t flow_limit;

	int64_t host_then[COUNTER_COUNT];
	int64_t now[COUNTER_COUNT]; /* scratch of pace_take() */
};

/* `flow_limit` is that of the flow table. */
void pace_init(struct pace *p, uint64_t interval_ns, uint32_t flow_limit, unsigned number);
void pace_done(struct pace *p);

/* Forget what was told and when; whoever is told stays. */
void pace_restart(struct pace *p);

/* From now on it keeps counters, too. */
void pace_want_counters(struct pace *p);

/* A flow has taken a slot: nothing was told of it yet. */
void pace_forget(struct pace *p, uint32_t slot);

/* Slots from `from` to before `to` have no flow: nothing is remembered of them. */
void pace_shrink(struct pace *p, uint32_t from, uint32_t to);

/* What the flow has moved so far is not to be told. */
void pace_baseline(struct pace *p, const struct flow *f, uint32_t slot,
		   const struct ev_extra *extra);

/* Flows whose memory is fetched ahead, where it is known which come next. */
#define PACE_AHEAD 8

/* A flow has news. */
void pace_note(struct pace *p, struct flow_table *flows, struct flow *f);

/*
 * What `f` moved since this was last called, into `ret` (its `note` aside); `close` as in struct
 * news. A counter never goes back: a reading that is less than what was told tells nothing.
 * pace_taken() must follow, once `ret` was used, unless this was its end.
 */
void pace_take(struct pace *p, const struct flow *f, uint32_t slot, const struct ev_extra *extra,
	       const struct event *close, struct news *ret);
void pace_taken(struct pace *p, uint32_t slot);

/* What `from` has told of every flow, and which have news, is the same for `p`, which is new. */
void pace_copy(struct pace *p, const struct pace *from, struct flow_table *flows);
