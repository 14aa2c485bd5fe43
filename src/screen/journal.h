/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of what was: of each interval what changed in which track, as the exclusive or of the
 * words before and after. So one record leads back and forth alike, from any copy of the tracks.
 * It holds at most so many bytes and intervals, and so much time; the oldest intervals leave first.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "screen/track.h"

struct journal_part {
	uint8_t *bytes; /* records; NULL if nothing changed */
	uint32_t used;
	uint64_t time_ns; /* when the interval ended */
	uint64_t interval_ns; /* and how long it was */
};

struct journal {
	struct journal_part *part; /* of interval n in place n % intervals_max */
	uint32_t first, last;	   /* numbers of the intervals that are there; last 0: none */
	uint64_t last_time_ns, last_interval_ns; /* of `last`, also if what it changed did not fit */
	uint32_t intervals_max;
	uint64_t span_ns; /* from the end of the first to that of the last; 0: any */
	size_t bytes, limit;
	uint8_t *open; /* of the interval that is under way */
	size_t open_used;
	bool open_is_broken; /* it did not fit */
};

void journal_init(struct journal *j, size_t limit_bytes, uint32_t intervals_max, uint64_t span_ns);
void journal_done(struct journal *j);

/* Forget all, and count intervals on from `tick`. */
void journal_clear(struct journal *j, uint32_t tick);

/* What changes in track `slot`: from what is there to what will be. */
void journal_note(struct journal *j, uint32_t slot, const struct track_hot *hot_before,
		  const struct track_hot *hot_after, const struct track_cold *cold_before,
		  const struct track_cold *cold_after);

/* The interval under way has ended; it gets the next number. */
void journal_seal(struct journal *j, uint64_t time_ns, uint64_t interval_ns);

/* Can what interval `tick` changed be undone and done again? */
bool journal_has(const struct journal *j, uint32_t tick);

/* When interval `tick` ended; 0 if that is not known. */
uint64_t journal_time(const struct journal *j, uint32_t tick);

/* How long it was; 0 if that is not known. */
uint64_t journal_interval(const struct journal *j, uint32_t tick);

/*
 * Lead copies of the tracks over interval `tick`, in whichever direction it was not. The one after
 * the last is the interval that is under way.
 */
void journal_apply(const struct journal *j, uint32_t tick, struct track_hot *hot,
		   struct track_cold *cold);

/*
 * The same of some tracks only: `which` are their slots in ascending order, `hot` and `cold` their
 * copies in that order. `cold` may be NULL.
 */
void journal_apply_some(const struct journal *j, uint32_t tick, const uint32_t *which, size_t count,
			struct track_hot *hot, struct track_cold *cold);
