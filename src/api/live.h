// SPDX-License-Identifier: BSD-2-Clause
/*
 * What is known of live flows besides the flow table: which slots have one, what each moved in the
 * last interval, and, of those that moved anything, five minutes of it. By slot, reserved once; the
 * minutes come from a pool, and what finds no place there is counted. Those of a flow that closed stay
 * until five minutes are over or others need the place, so that an earlier moment can be shown.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

struct flow;
struct news;

#define TRAIL_POINTS 60
#define TRAIL_STEP_S 5

/* What moved in one step. */
struct trail_point {
	float tx_bytes, rx_bytes;
	uint32_t srtt_us; /* the last one read */
	uint32_t retrans;
};

struct live_flow {
	uint64_t id;   /* 0: no flow lives in this slot */
	uint32_t tick; /* of `moved` */
	uint32_t trail; /* index + 1 in the pool; 0: none */
	bool listens;
	bool is_untold; /* it moved something while the pool was full */
	struct ev_count moved;
};

/* Of one flow. Its points are those of the latest steps, by number of the step. */
struct trail {
	uint64_t id;	/* of its flow */
	uint32_t first; /* step in which it began */
	uint32_t last;	/* step that was written last; those between are filled */
	uint32_t next;	/* of those that are free, or whose flow has closed */
	bool is_used; /* while the pool is cut down */
	struct trail_point point[TRAIL_POINTS];
};

struct live {
	struct live_flow *flow; /* by slot */
	uint32_t limit;		/* slots */
	uint32_t used;		/* slots from here on never had a flow */
	uint32_t flows, listeners;
	uint32_t tick, step; /* numbers of the present interval and step */
	uint64_t began_ns;   /* when the first step did */
	uint64_t tick_ns;    /* when the last interval ended; 0: none has */
	uint64_t interval_us; /* of the last interval */
	struct trail *trail;
	uint32_t trails, trails_used, trails_limit, trail_free;
	/* Of flows that closed: a queue, the first closed first. */
	uint32_t left_first, left_last, left_count;
	uint64_t trails_refused;
};

void live_begin(struct live *l, uint32_t max_flows, uint32_t trails);
void live_done(struct live *l);

void live_open(struct live *l, uint32_t slot, const struct flow *f);
void live_news(struct live *l, uint32_t slot, const struct news *news);

/* What stays of a flow that closed. */
struct live_left {
	uint64_t id;
	uint32_t trail; /* index + 1; 0: all that it moved while it was watched, it moved in `step` */
	uint32_t step;	/* in which it closed */
	bool is_untold;
};
struct live_left live_close(struct live *l, uint32_t slot, const struct flow *f);
/* Slots from `from` to before `to` have no flow. */
void live_shrink(struct live *l, uint32_t from, uint32_t to);
/* Whoever is in the slot is not told of any more. */
void live_leave(struct live *l, uint32_t slot);

/* An interval ended, all its news were told. `began_ns` is when the first one began. */
void live_tick(struct live *l, uint64_t time_ns, uint64_t began_ns);

/* At most so many trails from now on; those beyond are forgotten. */
void live_limit_trails(struct live *l, uint32_t limit);

/* What the flow moved in the last interval; zeros if nothing. */
struct ev_count live_moved(const struct live *l, uint32_t slot);

/* Its latest points, oldest first, at most TRAIL_POINTS, the present step not included. */
size_t live_trail(const struct live *l, uint32_t slot, struct trail_point *ret);

/*
 * Of the steps from `*from` to before `*to`, those in which a trail (index + 1, as above) may say that
 * something moved. False: there is none.
 */
bool live_steps(const struct live *l, uint32_t trail, uint32_t *from, uint32_t *to);

/* What it moved in an earlier step, one of the last TRAIL_POINTS. False: that is not known. */
bool live_then(const struct live *l, uint32_t slot, uint32_t step, struct trail_point *ret);
/* The same of one that closed, of which `ret` is left as it is if all was moved in left->step. */
bool live_left_then(const struct live *l, const struct live_left *left, uint32_t step,
		    struct trail_point *ret);
