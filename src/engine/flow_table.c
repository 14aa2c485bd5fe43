// SPDX-License-Identifier: BSD-2-Clause
#include "engine/flow_table.h"

#include <string.h>

#include "util/xalloc.h"

/*
 * Cookies count up, and flows that come or go together have neighbouring ones: so many of them stand
 * side by side, since the index is larger than the processor's caches. These runs are spread by
 * Fibonacci hashing (Knuth, TAOCP 3, 6.4): the highest bits of the product lie evenly.
 */
#define RUN_BITS 3

static uint32_t home(const struct flow_table *t, uint64_t id)
{
	uint64_t run = (id >> RUN_BITS) * 0x9e3779b97f4a7c15ull >> t->index_shift;

	return (uint32_t)(run << RUN_BITS | (id & ((1u << RUN_BITS) - 1)));
}

static size_t index_bytes(const struct flow_table *t)
{
	return ((size_t)t->index_mask + 1) * sizeof(*t->index);
}

void flow_table_init(struct flow_table *t, uint32_t limit)
{
	unsigned bits = 6;

	while (1u << bits < 2 * (uint64_t)limit)
		bits++;
	*t = (struct flow_table){
		.limit = limit, .index_mask = (1u << bits) - 1, .index_shift = 64 + RUN_BITS - bits};
	/* One more, for a flow that finds no place or needs none. */
	t->flow = reserve(((size_t)limit + 1) * sizeof(*t->flow));
	t->index = reserve(index_bytes(t));
}

void flow_table_done(struct flow_table *t)
{
	reserve_free(t->flow, ((size_t)t->limit + 1) * sizeof(*t->flow));
	reserve_free(t->index, index_bytes(t));
	*t = (struct flow_table){0};
}

static struct flow *at_bucket(const struct flow_table *t, uint32_t bucket)
{
	return t->index[bucket] ? &t->flow[t->index[bucket] - 1] : NULL;
}

struct flow *flow_table_find(const struct flow_table *t, uint64_t id)
{
	struct flow *f;

	for (uint32_t b = home(t, id); (f = at_bucket(t, b)); b = (b + 1) & t->index_mask)
		if (f->id == id)
			return f;
	return NULL;
}

static struct flow *take_slot(struct flow_table *t)
{
	struct flow *f;

	if (t->free_head) {
		f = &t->flow[t->free_head - 1];
		t->free_head = f->slot_next;
		memset(f, 0, sizeof(*f));
		return f;
	}
	if (t->used == t->limit)
		return NULL;
	return &t->flow[t->used++];
}

struct flow *flow_table_add(struct flow_table *t, uint64_t id, bool *ret_is_new)
{
	uint32_t b = home(t, id);
	struct flow *f;

	*ret_is_new = false;
	for (; (f = at_bucket(t, b)); b = (b + 1) & t->index_mask)
		if (f->id == id)
			return f;
	f = t->is_closed ? NULL : take_slot(t);
	if (!f) {
		t->refused++;
		return NULL;
	}
	*ret_is_new = true;
	f->id = id;
	t->index[b] = (uint32_t)(f - t->flow) + 1;
	t->count++;
	return f;
}

/* Linear probing without tombstones: close the gap by moving later entries of the run up. */
static void close_gap(struct flow_table *t, uint32_t gap)
{
	struct flow *f;

	for (uint32_t b = (gap + 1) & t->index_mask; (f = at_bucket(t, b));
	     b = (b + 1) & t->index_mask) {
		uint32_t distance_home = (b - home(t, f->id)) & t->index_mask;
		uint32_t distance_gap = (b - gap) & t->index_mask;

		if (distance_home < distance_gap)
			continue;
		t->index[gap] = t->index[b];
		gap = b;
	}
	t->index[gap] = 0;
}

void flow_table_remove(struct flow_table *t, struct flow *flow)
{
	uint32_t b = home(t, flow->id);

	while (at_bucket(t, b) != flow)
		b = (b + 1) & t->index_mask;
	close_gap(t, b);
	flow->slot_next = t->free_head;
	t->free_head = (uint32_t)(flow - t->flow) + 1;
	t->count--;
}

struct flow *flow_table_scratch(struct flow_table *t, uint64_t id)
{
	struct flow *f = &t->flow[t->limit];

	*f = (struct flow){.id = id};
	return f;
}
