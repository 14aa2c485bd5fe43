// SPDX-License-Identifier: BSD-2-Clause
/*
 * Flows summed up by up to four columns: what lives, and what closed within the last minute. All
 * groups are made anew for each request; what finds no place is one group, `(others)`.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/group.h"
#include "verdict/verdict.h"

struct api;
struct ask;
struct column;
struct event;
struct earlier;
struct out;
struct row;

#define SUMS_BY_MAX 4
#define SUMS_GROUPS_MAX 4096
#define SUMS_TEXT_MAX 1024 /* of the values of a group, as JSON; what is longer is cut */

struct sum {
	char text[SUMS_TEXT_MAX]; /* the values, as JSON, one after the other */
	uint16_t end[SUMS_BY_MAX]; /* where each ends */
	uint32_t number; /* of the group, from 0 on; of the others SUMS_GROUPS_MAX */
	uint64_t flows, closed, failed;
	uint64_t tx_bytes, rx_bytes; /* of lives, as far as they were watched; or of the interval */
	uint64_t tx_moved, rx_moved; /* in the last interval */
	uint64_t retrans;
	uint32_t srtt_us, min_rtt_us; /* the largest, the least; 0: none was measured */
	uint64_t wrong;	      /* verdicts of slow and worse */
	const struct rule *worst; /* NULL: nothing is wrong */
	enum severity severity;
};

struct sums_by {
	const struct column *column[SUMS_BY_MAX];
	size_t columns;
	struct group_table groups; /* payload: struct sum */
	struct sum others;
	bool has_others;
	uint64_t total, matched;
};

/* 0; or -EINVAL, `*ret_at` and a reason. */
int sums_by_columns(struct sums_by *s, const char *list, size_t *ret_at, const char **ret_why);

/* Fill it; free with sums_by_done(). */
void sums_by_fill(struct sums_by *s, struct api *api, const struct ask *ask);
/* Of an earlier moment: what lived, and what closed in its interval. The counts are of that. */
void sums_by_fill_earlier(struct sums_by *s, const struct earlier *earlier, const struct ask *ask);
void sums_by_done(struct sums_by *s);

/*
 * Or fill it otherwise: begin with room for texts (free it), then ask for the group of each row, which
 * is that of the others if there is no place. `needs` (enum column_need) says what a row must have.
 */
void sums_by_begin(struct sums_by *s, struct out *scratch);
struct sum *sums_by_of(struct sums_by *s, struct out *scratch, const struct row *row);
unsigned sums_by_needs(const struct sums_by *s);

/* The sums in order: largest `key` first; gives an array of sums_by_count() pointers: free() it. */
size_t sums_by_count(const struct sums_by *s);
const struct sum **sums_by_sorted(const struct sums_by *s, uint64_t (*key)(const struct sum *sum));

/* Begin an object of JSON with the values of a group, under these names. */
void sums_by_put_values(const struct sums_by *s, const struct sum *sum, const char *const *names,
			struct out *out);
