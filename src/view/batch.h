// SPDX-License-Identifier: BSD-2-Clause
/*
 * The rows of one interval, collected: flows that live, copies of flows that are gone, groups. A
 * view has two batches: one is shown while the other is filled. All memory is reserved once; what
 * finds no place, as a flow or as a group, is summed up in one row, "others", and counted.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/consumer.h"
#include "engine/counter.h"
#include "engine/flow_table.h"
#include "engine/group.h"
#include "verdict/verdict.h"

enum ranked_kind { RANKED_FLOW, RANKED_GONE, RANKED_GROUP, RANKED_OTHERS };

struct radix;

struct ranked {
	double rank;
	union {
		const struct flow *flow; /* in the flow table */
		const struct gone *gone;
		const struct group *group;
	};
	uint8_t kind;
	uint32_t counters; /* index + 1 in batch.counters; 0: none */
	uint32_t verdict;  /* index + 1 in batch.verdict; 0: none */
	struct ev_count delta;
};

/* A flow that closed, or whose row may be drawn again later. */
struct gone {
	struct flow flow;
	uint32_t extra; /* index + 1 in batch.extra; 0: none */
	uint32_t error;
	uint8_t end_reason;
};

struct batch {
	struct ranked *row;
	struct radix *order; /* of rank_rows(): twice as many as rows */
	struct gone *gone;
	struct ev_extra *extra;	   /* of gone flows; NULL unless a column needs it */
	struct counters *counters; /* NULL unless a column needs them */
	struct verdict *verdict;   /* likewise */
	size_t rows, gones, limit;
	size_t taken; /* rows that found a place, those included that gave it up (rank.h) */
	size_t best;  /* 0: all rows are kept; else only what may be among so many best */
	bool is_full; /* of `best`: whoever is not better than this has no chance */
	double least_rank;
	uint64_t least_id;
	struct group_table groups;
	uint64_t others; /* flows that found no place in this interval */
	struct ev_count others_count;
	struct counters others_counters;
	uint64_t overflow; /* flows that found none in any interval */
};

/* What of each row is kept. */
struct batch_parts {
	bool extra, counters, verdict;
};

void batch_init(struct batch *b, size_t limit, const struct batch_parts *parts);
void batch_done(struct batch *b);

/* Forget all rows and groups. */
void batch_clear(struct batch *b);

/*
 * Collect what a flow did; what `news` borrows is copied if the flow is gone. Returns its row, or NULL
 * if it found no place.
 */
struct ranked *batch_put(struct batch *b, const struct news *news);

/* Where the verdict on a row goes; with it, the row has one. */
struct verdict *batch_verdict(struct batch *b, struct ranked *r);

/* Sum up what a flow did among the others. */
void batch_put_other(struct batch *b, const struct news *news);

/* As batch_put(), of a flow that is there, whatever it did: its totals. */
void batch_put_present(struct batch *b, const struct flow *flow);

/* Make rows of all groups, and of the others if there are any. */
void batch_put_groups(struct batch *b);
void batch_put_others(struct batch *b);

/*
 * Move all groups of `from`, which has nothing else, to `b`, which is clear. Whoever has shown a batch
 * and goes on to fill it touches half the memory.
 */
void batch_move_groups(struct batch *b, struct batch *from);

/* Keep the first `count` rows only, and copy what they borrow from the flow table. */
void batch_freeze(struct batch *b, size_t count, const struct flow_table *flows,
		  const struct ev_extra *extra);
