// SPDX-License-Identifier: BSD-2-Clause
/*
 * What has to move for a flow to be shown: bytes, or anything else that a column, or the order, shows
 * of it. So the rows of a flow add up to its last reading in every column, and a connection that does
 * nothing but send again is seen by those who look for it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct column;
struct layout;
struct news;
struct row_context;

enum moves_count { MOVES_TX = 1, MOVES_RX = 2, MOVES_ACKED = 4, MOVES_RETRANS = 8 };

struct moves {
	unsigned counts;   /* enum moves_count */
	uint64_t counters; /* a bit per enum counter_id */
};

/*
 * Bytes of the directions that the context counts, and what the columns of a view show and the one
 * that it is ranked by, which may be NULL.
 */
struct moves moves_of(const struct layout *layout, const struct column *sort,
		      const struct row_context *context);

/* Did any of it move? */
bool moves_any(const struct moves *moves, const struct news *news);
