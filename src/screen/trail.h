/* SPDX-License-Identifier: BSD-2-Clause */
/* What flows did in the intervals before the one that is shown, out of the journal. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "screen/journal.h"
#include "screen/track.h"

struct trail_point {
	float tx_rate, rx_rate; /* bytes a second */
	uint32_t srtt_us, retrans;
	bool is_seen; /* the flow was there, and so was the journal */
};

/* At most so many flows at once. */
#define TRAIL_FLOWS_MAX 16384

/*
 * Of the `count` tracks of `which`, in ascending order, the last `intervals` intervals are added to
 * ret[row * intervals], the oldest first: what they moved; of srtt the greatest. `row` says which
 * row is that of each; NULL: its own.
 */
void trail_read(const struct journal *j, const struct moment *m, const uint32_t *which,
		const uint16_t *row, size_t count, unsigned intervals, struct trail_point *ret);

struct trail_track {
	struct track_hot hot;
	struct track_cold cold;
};

/*
 * A track as it was when it was judged last, and when it was judged before, which is where the window of
 * its verdict begins; another id: it was not there. False if the journal does not reach back so far.
 */
bool trail_judged(const struct journal *j, const struct moment *m, uint32_t track,
		  struct trail_track *ret, struct trail_track *ret_before);
