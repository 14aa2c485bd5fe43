// SPDX-License-Identifier: BSD-2-Clause
#include "engine/group.h"

#include <string.h>

#include "util/xalloc.h"

#define INDEX_MIN 64

_Static_assert(sizeof(struct group_key) == 48, "compared and hashed as words, without padding");

static uint32_t home(const struct group_table *t, const struct group_key *key)
{
	uint64_t word[sizeof(*key) / 8], h = 0;

	memcpy(word, key, sizeof(word));
	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		h = (h ^ word[i]) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	return (uint32_t)(h >> 32) & t->index_mask;
}

/* Of the index as large as it may come to be. */
static size_t index_bytes(const struct group_table *t)
{
	uint32_t buckets = INDEX_MIN;

	while (buckets < 2 * (uint64_t)t->limit)
		buckets *= 2;
	return (size_t)buckets * sizeof(*t->index);
}

void group_table_init(struct group_table *t, uint32_t limit, size_t payload_size)
{
	*t = (struct group_table){
		.limit = limit, .index_mask = INDEX_MIN - 1, .payload_size = payload_size};
	t->group = reserve((size_t)limit * sizeof(*t->group));
	t->index = reserve(index_bytes(t));
	if (payload_size)
		t->payload = reserve((size_t)limit * payload_size);
}

void group_table_done(struct group_table *t)
{
	if (!t->group)
		return;
	reserve_free(t->group, (size_t)t->limit * sizeof(*t->group));
	reserve_free(t->index, index_bytes(t));
	if (t->payload)
		reserve_free(t->payload, (size_t)t->limit * t->payload_size);
	*t = (struct group_table){0};
}

const struct group *group_table_find(const struct group_table *t, const struct group_key *key)
{
	for (uint32_t b = home(t, key); t->index[b]; b = (b + 1) & t->index_mask)
		if (!memcmp(&t->group[t->index[b] - 1].key, key, sizeof(*key)))
			return &t->group[t->index[b] - 1];
	return NULL;
}

static uint32_t free_bucket(const struct group_table *t, const struct group_key *key)
{
	uint32_t b = home(t, key);

	while (t->index[b])
		b = (b + 1) & t->index_mask;
	return b;
}

/* Hashing touches all of an index, so it is as large only as its groups need. */
static void grow_index(struct group_table *t)
{
	memset(t->index, 0, ((size_t)t->index_mask + 1) * sizeof(*t->index));
	t->index_mask = 2 * t->index_mask + 1;
	for (uint32_t i = 0; i < t->used; i++)
		t->index[free_bucket(t, &t->group[i].key)] = i + 1;
}

struct group *group_table_add(struct group_table *t, const struct group_key *key)
{
	uint32_t b = home(t, key);
	struct group *g;

	for (; t->index[b]; b = (b + 1) & t->index_mask) {
		g = &t->group[t->index[b] - 1];
		if (!memcmp(&g->key, key, sizeof(*key)))
			return g;
	}
	if (t->used == t->limit) {
		t->refused++;
		return NULL;
	}
	if (t->used == (t->index_mask + 1) / 2) {
		grow_index(t);
		b = free_bucket(t, key);
	}
	g = &t->group[t->used++];
	*g = (struct group){.key = *key};
	if (t->payload_size)
		memset(group_payload(t, g), 0, t->payload_size);
	t->index[b] = t->used;
	return g;
}

void *group_payload(const struct group_table *t, const struct group *g)
{
	return t->payload + (size_t)(g - t->group) * t->payload_size;
}

static uint32_t worse(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

void ev_count_add(struct ev_count *sum, const struct ev_count *delta)
{
	sum->tx_bytes += delta->tx_bytes;
	sum->rx_bytes += delta->rx_bytes;
	sum->acked_bytes += delta->acked_bytes;
	sum->retrans_bytes += delta->retrans_bytes;
	sum->retrans_segs += delta->retrans_segs;
	sum->srtt_us = worse(sum->srtt_us, delta->srtt_us);
	sum->min_rtt_us = worse(sum->min_rtt_us, delta->min_rtt_us);
}

void group_count(struct group *g, const struct ev_count *delta)
{
	g->flows++;
	ev_count_add(&g->count, delta);
}

static uint32_t bucket_of(const struct group_table *t, uint32_t slot)
{
	uint32_t b = home(t, &t->group[slot].key);

	while (t->index[b] != slot + 1)
		b = (b + 1) & t->index_mask;
	return b;
}

void group_table_clear(struct group_table *t)
{
	for (uint32_t i = 0; i < t->used; i++) {
		/* All of them go, so there is no gap to close. */
		t->index[bucket_of(t, i)] = 0;
	}
	t->used = 0;
}

/* Linear probing without tombstones: close the gap by moving later entries of the run up. */
static void close_gap(struct group_table *t, uint32_t gap)
{
	for (uint32_t b = (gap + 1) & t->index_mask; t->index[b]; b = (b + 1) & t->index_mask) {
		uint32_t h = home(t, &t->group[t->index[b] - 1].key);

		if (((b - h) & t->index_mask) < ((b - gap) & t->index_mask))
			continue;
		t->index[gap] = t->index[b];
		gap = b;
	}
	t->index[gap] = 0;
}

void group_table_remove(struct group_table *t, struct group *g)
{
	uint32_t slot = (uint32_t)(g - t->group), last = t->used - 1;

	close_gap(t, bucket_of(t, slot));
	if (slot != last) {
		t->index[bucket_of(t, last)] = slot + 1;
		*g = t->group[last];
		if (t->payload_size)
			memcpy(group_payload(t, g), group_payload(t, &t->group[last]),
			       t->payload_size);
	}
	t->used--;
}
