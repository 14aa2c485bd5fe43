// SPDX-License-Identifier: BSD-2-Clause
/* Rows of `history`: which, and in what order; of two spans, what became of each group. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "consumer/history_sums.h"

struct row;
struct view;

struct history_row {
	const struct group *now, *then; /* of the span that is asked for, of the other; or NULL */
	struct past_then change;
	double rank;
};

struct history_rows {
	struct history_row *row; /* allocated */
	size_t count, size;
	uint64_t changed[PAST_LESS + 1]; /* by enum past_change */
	const struct history_sums *now, *then; /* then: NULL if nothing is compared */
};

/*
 * Make the rows of `now`, compared with `then` unless that is NULL; `with_same`: also those that did
 * not change. Free with history_rows_done().
 */
void history_rows_make(struct history_rows *r, struct view *view, const struct history_sums *now,
		       const struct history_sums *then, bool with_same);
void history_rows_done(struct history_rows *r);

/* One of them, as a view shows it. */
struct row history_rows_get(const struct history_rows *r, struct view *view, size_t i);
