// SPDX-License-Identifier: BSD-2-Clause
/*
 * The first N of many rows, in an order: by rank, of equals by id. With a cursor, the first N after it.
 * A heap whose root is the last of them, so that what does not belong there costs one comparison.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pick {
	double rank;
	uint64_t id;
	uint32_t slot;
};

struct picks {
	struct pick *pick;
	size_t count, room, limit;
	bool descending; /* by rank; ids always ascend */
	bool has_after;
	double after_rank;
	uint64_t after_id;
	bool has_more; /* one that found no place comes after those that did */
};

/* True if it was taken, perhaps in another's place. */
bool picks_offer(struct picks *p, const struct pick *pick);

/* Bring them in order. Nothing may be offered afterwards. */
void picks_sort(struct picks *p);
void picks_done(struct picks *p);
