/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All flows that the screen knows: those that live, and those that closed a while ago. Fed by the
 * engine; each change is noted in a journal.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/consumer.h"
#include "screen/journal.h"
#include "screen/track.h"

struct tracks {
	struct track_hot *hot;
	struct track_cold *cold;
	uint32_t limit, used;
	uint32_t live, closed, listening;
	uint32_t *of_slot; /* of the engine's flow table: track + 1 */
	uint32_t slots;
	uint32_t *next; /* free list, or list of the closed, oldest first; track + 1 */
	uint32_t free_head;
	uint32_t oldest, newest; /* of the closed */
	uint32_t closed_limit;
	uint64_t refused; /* flows that found no place */
	struct journal *journal;
};

/* `max_flows` is the limit of the engine's flow table, `closed_max` how many closed ones are kept.
 */
void tracks_init(struct tracks *t, uint32_t max_flows, uint32_t closed_max, struct journal *j);
void tracks_done(struct tracks *t);

/* Forget all flows, and that there ever were any: a file is read from somewhere else. */
void tracks_clear(struct tracks *t);

/*
 * What a flow did in interval `tick`, which is so long. `slot` is its place in the engine's table; `judged` is the
 * verdict on it, with what was remembered for it (struct history). NULL: the one before holds.
 */
void tracks_take(struct tracks *t, const struct news *news, uint32_t slot, uint32_t tick, float interval_s,
		 const struct verdict *judged, const struct history *history);

/* Let go of what closed before `before_ns`. */
void tracks_expire(struct tracks *t, uint64_t before_ns);
