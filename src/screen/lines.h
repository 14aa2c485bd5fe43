/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of a table, and what is kept of them from one drawing to the next: shared by list.c and
 * its parts. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"
#include "screen/track.h"
#include "screen/ui.h"

struct column;
struct view;
struct where;

enum line_kind { LINE_FLOW, LINE_GROUP, LINE_CHILD };

/* Where a line belongs. Unknown values are last, equal ones in the order of `id`. */
struct line {
	union {
		double number;
		unsigned char bytes[24];
	};
	uint64_t id;
	uint32_t index; /* of a track; of a group: in list.sum */
	uint32_t group; /* whose child it is */
	uint8_t kind;
	bool is_known;
};

/* The flows of a group. */
struct sum {
	uint64_t key; /* a hash of what they have in common */
	uint64_t flows;
	struct ev_count count;
	float tx_average, rx_average;
	double srtt, weight;	 /* of bytes */
	const struct rule *rule; /* of the worst verdict */
	uint32_t first;		 /* one of its tracks */
	uint32_t place;		 /* its children begin there */
	uint32_t shown;		 /* children that are put already */
	uint16_t trail;		 /* of those that are drawn: its place there + 1 */
	uint8_t severity;
	bool is_open;
};

/* What is remembered of a group, or of a track, beyond one drawing. */
struct list_note {
	uint64_t key; /* of a group: its hash; of a track: its id */
	uint32_t rank;
	bool is_open, is_shut;
};

/* Groups of which something is remembered, at most. */
#define LIST_NOTES 16384

/* What was found of a track, for as long as its ident stays as it is. */
struct list_cache {
	uint64_t id, group;
	uint32_t version, where_number, by_number;
	bool matches, is_known; /* the filter takes it; it has the value that it is ordered by */
	const struct column *ordered_by;
	uint32_t ordered_at; /* as of which news; see order.c */
	unsigned char order[24]; /* as line.bytes */
};

struct list {
	struct line *line;
	size_t count; /* lines */
	size_t sorted_from, sorted_to;
	const struct column *ordered_by; /* NULL: by who is busiest */
	unsigned way;			 /* of order.c */
	struct sum *sum;
	size_t sums;
	uint64_t flows_shown, flows_there; /* that the filter takes, of those that the page has */

	/* Of the caller, before list_make(). */
	const struct moment *moment;
	const struct ui *ui;
	struct view *view;
	const struct where *where;
	uint32_t where_number, by_number; /* they change with the filter and the grouping */
	uint64_t keep_ns;		  /* how long closed flows stay on the page of flows */

	/* Kept from one drawing to the next. */
	uint32_t limit;
	uint32_t *member; /* track of each flow that is shown, of a grouped list */
	uint32_t *member_sum;
	uint32_t *index; /* of sums by key: + 1 */
	uint32_t index_mask;
	struct list_cache *cache; /* by track */
	struct list_note *held;	  /* by track */
	struct list_note *note;	  /* of groups, a hash table */
	uint32_t next_rank;
};

/* What is remembered of a track, as it is now. */
static inline struct list_cache *list_cache_of(struct list *l, uint32_t track)
{
	const struct track_hot *h = &l->moment->hot[track];
	struct list_cache *cache = &l->cache[track];

	if (cache->id != h->id || cache->version != h->version)
		*cache = (struct list_cache){.id = h->id, .version = h->version};
	return cache;
}
