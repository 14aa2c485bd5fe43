// SPDX-License-Identifier: BSD-2-Clause
/*
 * The live flows of a run, found by id. All memory is reserved once, from the limit, and costs
 * nothing until a flow uses it; no call here allocates. Used only by views that tick.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

/* What every sample and tick touches comes first: one pair of cache lines. */
struct flow {
	uint64_t id;
	uint32_t slot_next; /* free list, or list of flows with news */
	uint8_t state, end_reason;
	bool has_news : 1; /* is on the list of flows with news */
	bool closed : 1;   /* leaves the table at the next tick */
	bool wanted : 1;   /* the filter's verdict on ident */
	bool has_ident : 1;
	struct ev_count count;	  /* never goes backwards */
	struct ev_count reported; /* count as of the last tick */
	uint64_t closed_ns;
	uint32_t error;
	uint32_t verdict; /* a view's own note on ident, 0 when ident is new */
	_Alignas(64) struct ev_ident ident;
};
_Static_assert(offsetof(struct flow, ident) == 128, "hot fields fill two cache lines");

struct flow_table {
	struct flow *flow;
	uint32_t *index; /* open addressing, linear probing; slot + 1, 0 is empty */
	uint32_t index_mask;
	uint32_t limit, used, count; /* slots at most, ever used, in use */
	uint32_t free_head;	     /* slot + 1 */
	uint32_t news_head;	     /* slot + 1 */
	uint64_t refused;	     /* flows that found the table full */
};

void flow_table_init(struct flow_table *t, uint32_t limit);
void flow_table_done(struct flow_table *t);

/* NULL if it is not there. */
struct flow *flow_table_find(const struct flow_table *t, uint64_t id);

/* Find or add (zeroed but for its id); NULL, and counted, if the table is full. */
struct flow *flow_table_add(struct flow_table *t, uint64_t id);

void flow_table_remove(struct flow_table *t, struct flow *flow);

/* Put a flow on the list of those that changed since the last tick. */
void flow_table_note_news(struct flow_table *t, struct flow *flow);

/* Take the first flow off that list; NULL when it is empty. */
struct flow *flow_table_take_news(struct flow_table *t);
