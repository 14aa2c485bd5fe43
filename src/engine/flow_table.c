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

/*
 * Hashing touches all of an index, however few flows there are. So it begins small and doubles when half
 * of it is taken. One of N buckets lies N buckets from the start of what is reserved, so no two overlap.
 */
#define LEAST_BITS 13

static size_t reserved_bytes(const struct flow_table *t)
{
	uint64_t buckets = 64;

	while (buckets < 2 * (uint64_t)t->limit)
		buckets *= 2;
	return 2 * buckets * sizeof(*t->reserved);
}

static void set_size(struct flow_table *t, unsigned bits)
{
	t->index = t->reserved + (1u << bits);
	t->index_mask = (1u << bits) - 1;
	t->index_shift = 64 + RUN_BITS - bits;
}

void flow_table_init(struct flow_table *t, uint32_t limit)
{
	unsigned bits = 6;

	while (1u << bits < 2 * (uint64_t)limit && bits < LEAST_BITS)
		bits++;
	*t = (struct flow_table){.limit = limit};
	/* One more, for a flow that finds no place or needs none. */
	t->flow = reserve(((size_t)limit + 1) * sizeof(*t->flow));
	t->reserved = reserve(reserved_bytes(t));
	set_size(t, bits);
}

void flow_table_done(struct flow_table *t)
{
	reserve_free(t->flow, ((size_t)t->limit + 1) * sizeof(*t->flow));
	reserve_free(t->reserved, reserved_bytes(t));
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

void flow_table_expect(const struct flow_table *t, uint64_t id)
{
	__builtin_prefetch(&t->index[home(t, id)]);
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
	/* Where the table was larger once, something may be left. */
	f = &t->flow[t->used++];
	memset(f, 0, sizeof(*f));
	return f;
}

static void put_into_index(struct flow_table *t, uint32_t place)
{
	uint32_t b = home(t, t->flow[place - 1].id);

	while (t->index[b])
		b = (b + 1) & t->index_mask;
	t->index[b] = place;
}

static void grow_index(struct flow_table *t)
{
	uint32_t *old = t->index, buckets = t->index_mask + 1;

	set_size(t, 1 + (unsigned)__builtin_ctz(buckets));
	for (uint32_t b = 0; b < buckets; b++)
		if (old[b])
			put_into_index(t, old[b]);
	reserve_forget(old, buckets * sizeof(*old));
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
	if (++t->count > (t->index_mask + 1) / 2)
		grow_index(t);
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

static bool is_taken(const struct flow_table *t, uint32_t slot)
{
	return flow_table_find(t, t->flow[slot].id) == &t->flow[slot];
}

void flow_table_shrink(struct flow_table *t, uint32_t least,
		       void (*gone)(void *context, uint32_t from, uint32_t to), void *context)
{
	uint32_t was = t->used, end = was, slot = was;

	while (t->used && !is_taken(t, t->used - 1))
		t->used--;
	t->free_head = 0;
	/* From the last to the first, so that the first is the next to be taken. */
	do {
		while (slot && !is_taken(t, slot - 1))
			if (--slot < t->used) {
				t->flow[slot].slot_next = t->free_head;
				t->free_head = slot + 1;
			}
		if (end - slot >= least)
			gone(context, slot, end);
		end = slot ? --slot : 0;
	} while (end);
	reserve_forget(t->flow + t->used, (was - t->used) * sizeof(*t->flow));
}

struct flow *flow_table_scratch(struct flow_table *t, uint64_t id)
{
	struct flow *f = &t->flow[t->limit];

	*f = (struct flow){.id = id};
	return f;
}
