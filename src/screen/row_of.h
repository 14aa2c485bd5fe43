/* SPDX-License-Identifier: BSD-2-Clause */
/* A track, or a group of them, as a row of columns (engine/row.h). */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "engine/counter.h"
#include "engine/row.h"
#include "screen/track.h"

struct sum;
struct view;

/* What rows borrow until the next one is made. */
struct row_maker {
	struct view *view; /* its context, grouping and consumer */
	const struct moment *moment;
	bool totals; /* since the start of the flow, not of the interval */
	bool without_counters; /* nobody looks at them */
	struct verdict verdict;
	struct counters counters;
};

void row_of_track(struct row_maker *m, size_t track, struct row *ret);
void row_of_sum(struct row_maker *m, const struct sum *sum, struct row *ret);

/* What the interval moved, or 0. */
struct ev_count row_delta(const struct moment *m, size_t track);
