// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rows that are kept until the end, because they are to be ranked: the best N of all that came, in
 * memory reserved once. A heap whose root is the least of them, so a new row costs one comparison
 * unless it belongs there.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

struct held_row {
	double rank;
	_Alignas(8) char event[EV_SIZE_IDENT]; /* the first parts of a struct event */
};

struct held {
	struct held_row *row;
	size_t count, limit;
	uint64_t passed_over; /* rows that found no place; not a loss if --rows set the limit */
};

void held_init(struct held *h, size_t limit);
void held_done(struct held *h);

/* Keep a close event if it ranks among the best. */
void held_put(struct held *h, const struct event *ev, double rank);

/* Order them, best first. Nothing may be put in afterwards. */
void held_sort(struct held *h);
