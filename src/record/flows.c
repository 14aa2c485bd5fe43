// SPDX-License-Identifier: BSD-2-Clause
#include "record/flows.h"

#include <string.h>
#include <sys/random.h>

#include "util/xalloc.h"

/* Entries of the index in one line of the cache. */
#define LINE 16

void recorded_flows_init(struct recorded_flows *t, uint32_t limit)
{
	uint32_t size = 16;

	while (size < limit * 2)
		size *= 2;
	*t = (struct recorded_flows){
		.flow = reserve((size_t)limit * sizeof(*t->flow)),
		.index = reserve(size * sizeof(*t->index)),
		.limit = limit,
		.index_mask = size - 1,
	};
	/* Whoever made the file must not choose ids that collide. */
	if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) < 0)
		t->seed = (uintptr_t)t->flow;
}

void recorded_flows_done(struct recorded_flows *t)
{
	reserve_free(t->flow, (size_t)t->limit * sizeof(*t->flow));
	reserve_free(t->index, (t->index_mask + 1ull) * sizeof(*t->index));
	*t = (struct recorded_flows){0};
}

/*
 * Flows that began one after the other have numbers next to each other, and end at about the same time: so
 * many of them share a cache line.
 */
static uint32_t home(const struct recorded_flows *t, uint64_t id)
{
	uint64_t h = id / LINE ^ t->seed;

	h = (h ^ h >> 31) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9ull;
	return ((uint32_t)(h >> 32) * LINE + id % LINE) & t->index_mask;
}

/* The place of the flow in the index, or the empty one where it would be. */
static uint32_t place(const struct recorded_flows *t, uint64_t id)
{
	uint32_t at = home(t, id);

	while (t->index[at] && t->flow[t->index[at] - 1].id != id)
		at = (at + 1) & t->index_mask;
	return at;
}

struct recorded_flow *recorded_flows_find(const struct recorded_flows *t, uint64_t id)
{
	uint32_t slot = t->index[place(t, id)];

	return slot ? &t->flow[slot - 1] : NULL;
}

struct recorded_flow *recorded_flows_add(struct recorded_flows *t, uint64_t id)
{
	uint32_t at = place(t, id), slot;

	if (t->index[at])
		return &t->flow[t->index[at] - 1];
	if (t->free) {
		slot = t->free;
		t->free = t->flow[slot - 1].next;
	} else if (t->used < t->limit) {
		slot = ++t->used;
	} else {
		t->refused++;
		return NULL;
	}
	t->flow[slot - 1] = (struct recorded_flow){.id = id, .is_live = true};
	t->index[at] = slot;
	t->count++;
	return &t->flow[slot - 1];
}

void recorded_flows_remove(struct recorded_flows *t, struct recorded_flow *f)
{
	uint32_t hole = place(t, f->id), at = hole;

	/* Entries that were pushed past the hole move up, so that no search stops at it. */
	while (t->index[at = (at + 1) & t->index_mask]) {
		uint32_t from = home(t, t->flow[t->index[at] - 1].id);

		if (((at - from) & t->index_mask) >= ((at - hole) & t->index_mask)) {
			t->index[hole] = t->index[at];
			hole = at;
		}
	}
	t->index[hole] = 0;
	f->is_live = false;
	f->next = t->free;
	t->free = (uint32_t)(f - t->flow) + 1;
	t->count--;
}

void recorded_flows_clear(struct recorded_flows *t)
{
	memset(t->index, 0, (t->index_mask + 1ull) * sizeof(*t->index));
	t->used = t->count = t->free = 0;
}
