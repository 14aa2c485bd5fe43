/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the screen knows of one flow. It lies in two arrays: what every drawing looks at, in two
 * cache lines, and the rest. Both hold plain numbers, so that a journal can tell what changed.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/event.h"
#include "engine/flow_table.h"
#include "verdict/history.h"
#include "verdict/verdict.h"

#define TRACK_STATES 6

struct track_hot {
	uint64_t id;		      /* of the flow; 0: nobody is here */
	struct ev_count delta;	      /* of the interval `news_tick`; of gauges the present value */
	uint32_t news_tick;	      /* the interval in which it was told of last */
	uint32_t first_tick;	      /* and first */
	uint64_t close_ns;	      /* 0: it lives */
	const struct rule *rule;      /* the verdict of interval `judged_tick`, or NULL */
	float tx_average, rx_average; /* bytes a second, as of news_tick: see track_average() */
	uint8_t state;
	uint8_t severity; /* of `rule` */
	uint8_t limit;	  /* enum limit */
	uint8_t end_reason;
	uint32_t version;	     /* of the ident: changes with it */
	uint32_t judged_tick;	     /* where many move not each is judged in every interval */
	uint16_t level[LEVEL_COUNT]; /* of struct history, as are the next two */
	uint8_t readings;
	uint8_t has_begin;
	uint8_t has_extra; /* the source has read it */
	uint8_t pad[13];
};
_Static_assert(sizeof(struct track_hot) == 128, "two cache lines");

struct track_cold {
	struct flow flow; /* id, count (totals), state and ident; the rest is 0 */
	struct ev_extra extra;
	uint32_t error;
	uint32_t flags;			   /* enum ev_flag of its close */
	uint32_t state_tick[TRACK_STATES]; /* since when it is in state_was[], latest first */
	uint8_t state_was[TRACK_STATES];
	uint8_t pad[26];
};
_Static_assert(sizeof(struct track_cold) == 576, "no padding that could differ");

/* Tracks at one moment. Borrowed. */
struct moment {
	const struct track_hot *hot;
	const struct track_cold *cold;
	uint32_t used;	  /* slots that may hold somebody */
	uint32_t tick;	  /* number of the interval that ended last */
	uint64_t time_ns; /* when it ended */
	bool is_ahead;	  /* what changed since is in there, too */
};

/* Did the interval that is shown, or the one that is under way, tell of it? */
static inline bool track_has_news(const struct track_hot *h, uint32_t tick)
{
	return h->news_tick >= tick && h->news_tick;
}

/*
 * A mean over some ten intervals, the older the less: what rates are ranked by, so that rows do not
 * jump. Bytes a second: intervals of a directory may differ in length.
 */
float track_average(float average, uint32_t news_tick, uint32_t tick);

/* The average with the news of interval `tick`, which come `tick - news_tick` after the last ones. */
float track_average_with(float average, uint32_t news_tick, uint32_t tick, float rate);
