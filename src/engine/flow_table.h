// SPDX-License-Identifier: BSD-2-Clause
/*
 * The live flows of a run, found by id. All memory is reserved once, from the limit, and costs
 * nothing until a flow uses it; no call here allocates.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

/* What every sample touches comes first: one cache line. */
struct flow {
	uint64_t id;
	struct ev_count count; /* as read last; a torn reading may be less than the one before */
	uint32_t slot_next;    /* free list, or list of flows that leave; slot + 1 */
	uint8_t state;
	bool has_ident : 1;
	bool closed : 1;	 /* leaves the table after the present tick */
	uint8_t end_reason : 4;	 /* in a source's own table: enum ev_end */
	bool unmet : 1;		 /* not told of since EV_LOOK */
	bool is_whole : 1;	 /* what was told of it last had struct ev_extra */
	uint16_t news;	 /* paces that have not told of its last change */
	_Alignas(64) uint64_t wanted; /* consumers whose filter takes its ident */
	struct ev_ident ident;
};
_Static_assert(sizeof(struct flow) == 192, "three cache lines");

struct flow_table {
	struct flow *flow;
	uint32_t *index; /* open addressing, linear probing; slot + 1, 0 is empty */
	uint32_t *reserved; /* where indexes of all sizes have their places */
	uint32_t index_mask;
	unsigned index_shift; /* of a hash: what remains is a run of buckets */
	uint32_t limit, used, count; /* slots at most, ever used, in use */
	uint32_t free_head;	     /* slot + 1 */
	uint64_t refused;	     /* flows that found the table full */
	bool is_closed;		     /* to new ones, as if it were full */
};

void flow_table_init(struct flow_table *t, uint32_t limit);
void flow_table_done(struct flow_table *t);

/* NULL if it is not there. */
struct flow *flow_table_find(const struct flow_table *t, uint64_t id);

/*
 * Find or add (zeroed but for its id, and `*ret_is_new` set); NULL, and counted, if the table is
 * full.
 */
struct flow *flow_table_add(struct flow_table *t, uint64_t id, bool *ret_is_new);

/* It will be found or added soon. */
void flow_table_expect(const struct flow_table *t, uint64_t id);

void flow_table_remove(struct flow_table *t, struct flow *flow);

/*
 * Give back the memory behind the last flow, and let those that come next have the first slots that are free.
 * `gone` is told of each run of `least` free slots or more, from `from` to before `to`, also behind the last
 * flow. It looks at all slots.
 */
void flow_table_shrink(struct flow_table *t, uint32_t least,
		       void (*gone)(void *context, uint32_t from, uint32_t to), void *context);

/* A flow that is in no table, zeroed but for its id, until this is called again; its slot is `limit`. */
struct flow *flow_table_scratch(struct flow_table *t, uint64_t id);

static inline uint32_t flow_table_slot(const struct flow_table *t, const struct flow *flow)
{
	return (uint32_t)(flow - t->flow);
}

/*
 * Have a flow fetched from memory, that will be looked at soon: where many are gone through in no order of
 * theirs, else each is waited for.
 */
static inline void flow_prefetch(const struct flow *flow)
{
	__builtin_prefetch(flow);
	__builtin_prefetch((const char *)flow + 64);
	__builtin_prefetch((const char *)flow + 128);
}
