// SPDX-License-Identifier: BSD-2-Clause
/*
 * Looking through a recording: every sum, every column, what is missing; and where the bytes go.
 * Nothing is changed.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "record/columns.h"
#include "record/recording.h"

struct out;
struct record_check;

/*
 * Read all of `path` (a file or a directory). `wants_bytes`: also measure what each column takes, for
 * which it is packed alone. Gives; free with record_check_free(). 0 or -errno, then `why` has words.
 */
int record_check(struct record_check **ret, const char *path, bool wants_bytes, char *why,
		 size_t why_size);
void record_check_free(struct record_check *c);

/* Was anything damaged or missing? */
bool record_check_has_loss(const struct record_check *c);

/* What there is in it; borrowed from `c`. */
struct record_contents {
	const struct record_meta *meta;
	int64_t from_wall_us, to_wall_us;
	uint64_t bytes, closes; /* of connections */
	uint64_t lost_flows, dropped_rows; /* in its run up to its end, as the recorder itself tells */
	uint64_t damaged_bytes, lost_rows;
	const struct recording_gap *gap;
	unsigned gaps;
};

void record_check_contents(const struct record_check *c, struct record_contents *ret);

/* What was found, for people: one line of each gap, then spans, rows and sums. */
void record_check_print(const struct record_check *c, struct out *o);

/* One gap in a sentence, without its recording's name; `buf` of at least 256 bytes. Returns it. */
const char *record_gap_text(const struct recording_gap *g, char *buf, size_t size);
