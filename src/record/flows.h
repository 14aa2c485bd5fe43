// SPDX-License-Identifier: BSD-2-Clause
/*
 * The flows that live at one moment of a recording that is read, found by id. Memory is reserved
 * once, from the limit, and costs what is touched.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/event.h"

struct recorded_flow {
	uint64_t id;
	struct ev_count count;
	struct ev_count most; /* what its counters were, before a reading that was torn set them back */
	struct ev_ident ident;
	uint64_t time_ns; /* of the row that told who it is */
	uint32_t key;	  /* number of the last key frame that has it */
	uint32_t sure;	  /* since which loss its counters are known again */
	uint32_t next;	  /* free list; slot + 1 */
	uint8_t state, flags;
	bool is_live;
	bool is_told;	 /* the reader's caller knows of it */
	bool ident_news; /* and must be told that its ident changed */
};

struct recorded_flows {
	struct recorded_flow *flow;
	uint32_t *index; /* open addressing; slot + 1, 0 is empty */
	uint32_t limit, index_mask, used, count, free;
	uint64_t seed;
	uint64_t refused; /* flows that found no place */
};

void recorded_flows_init(struct recorded_flows *t, uint32_t limit);
void recorded_flows_done(struct recorded_flows *t);

/* NULL if it is not there. */
struct recorded_flow *recorded_flows_find(const struct recorded_flows *t, uint64_t id);

/* Find or add (zeroed but for its id); NULL, and counted, if there is no place. */
struct recorded_flow *recorded_flows_add(struct recorded_flows *t, uint64_t id);

void recorded_flows_remove(struct recorded_flows *t, struct recorded_flow *f);

/* Forget all. */
void recorded_flows_clear(struct recorded_flows *t);
