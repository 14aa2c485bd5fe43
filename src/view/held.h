// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rows that are kept until the end, because they are to be ranked: the best N of all that came, in
 * memory reserved once. A heap whose root is the least of them, so a new row costs one comparison
 * unless it belongs there.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

struct held {
	char *row; /* struct held_row, with as much of the event as is kept */
	size_t row_size, event_size;
	size_t count, limit;
	uint64_t passed_over; /* rows that found no place; not a loss if --rows set the limit */
};

/* Keep `event_size` bytes of each event: those parts that rows are made of. */
void held_init(struct held *h, size_t limit, size_t event_size);
void held_done(struct held *h);

/* Keep an event if it ranks among the best; `offset_ns` is that of the clock when it came. */
void held_put(struct held *h, const struct event *ev, double rank, int64_t offset_ns);

/* Order them, best first. Nothing may be put in afterwards. */
void held_sort(struct held *h);

/* The event in place `i`, of which only the first `event_size` bytes are there, and its offset. */
const struct event *held_event(const struct held *h, size_t i, int64_t *ret_offset_ns);
