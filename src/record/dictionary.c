// SPDX-License-Identifier: BSD-2-Clause
#include "record/dictionary.h"

#include <string.h>
#include <sys/random.h>

#include "util/xalloc.h"

/*
 * An index begins small and doubles when half of it is taken. One of N buckets lies N buckets from the
 * start of what is reserved, so no two overlap.
 */
#define LEAST_BUCKETS 1024u

static size_t reserved_bytes(uint32_t limit)
{
	uint32_t size = LEAST_BUCKETS;

	while (size < limit * 2)
		size *= 2;
	return 2 * size * sizeof(uint32_t);
}

static void set_buckets(struct dictionary *d, uint32_t buckets)
{
	d->index = d->reserved + buckets;
	d->index_mask = buckets - 1;
}

void dictionary_init(struct dictionary *d, uint32_t limit, uint32_t bytes_limit)
{
	*d = (struct dictionary){
		.reserved = reserve(reserved_bytes(limit)),
		.end = reserve(limit * sizeof(*d->end)),
		.bytes = reserve(bytes_limit),
		.limit = limit,
		.bytes_limit = bytes_limit,
	};
	set_buckets(d, LEAST_BUCKETS);
	if (getrandom(&d->seed, sizeof(d->seed), GRND_NONBLOCK) < 0)
		d->seed = (uintptr_t)d->reserved;
}

void dictionary_done(struct dictionary *d)
{
	reserve_free(d->reserved, reserved_bytes(d->limit));
	reserve_free(d->end, d->limit * sizeof(*d->end));
	reserve_free(d->bytes, d->bytes_limit);
	*d = (struct dictionary){0};
}

/* Multiply and fold, by words; the seed keeps peers from choosing addresses that collide. */
static uint32_t hash(uint64_t seed, const uint8_t *p, uint32_t len)
{
	uint64_t h = seed ^ len, word;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		h = (h ^ word) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	while (len--)
		h = (h ^ *p++) * 0x100000001b3ull;
	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9ull;
	return (uint32_t)(h >> 32);
}

static uint32_t *find(const struct dictionary *d, const void *bytes, uint32_t len)
{
	for (uint32_t at = hash(d->seed, bytes, len);; at++) {
		uint32_t *slot = &d->index[at & d->index_mask];
		const uint8_t *own;
		uint32_t own_len;

		if (!*slot)
			return slot;
		own = dictionary_entry(d, *slot - 1, &own_len);
		if (own_len == len && !memcmp(own, bytes, len))
			return slot;
	}
}

/* All of it must be empty when it is used again; parts of pages cannot be given back. */
static void give_back(uint32_t *index, uint32_t buckets)
{
	memset(index, 0, buckets * sizeof(*index));
	reserve_forget(index, buckets * sizeof(*index));
}

static void grow(struct dictionary *d)
{
	uint32_t *old = d->index, buckets = d->index_mask + 1;

	set_buckets(d, buckets * 2);
	for (uint32_t i = 0; i < d->count; i++) {
		uint32_t len;
		const uint8_t *own = dictionary_entry(d, i, &len);

		*find(d, own, len) = i + 1;
	}
	give_back(old, buckets);
}

void dictionary_clear(struct dictionary *d)
{
	uint32_t buckets = d->index_mask + 1;

	/* One that many entries needed once is not kept for few. */
	if (buckets > LEAST_BUCKETS && d->count < buckets / 8) {
		give_back(d->index, buckets);
		set_buckets(d, LEAST_BUCKETS);
	} else {
		memset(d->index, 0, buckets * sizeof(*d->index));
	}
	d->count = d->bytes_used = d->told = 0;
}

bool dictionary_has_room(const struct dictionary *d, uint32_t entries, uint32_t bytes)
{
	return d->limit - d->count >= entries &&
	       d->bytes_limit - d->bytes_used >= (uint64_t)entries * bytes;
}

uint32_t dictionary_number(struct dictionary *d, const void *bytes, uint32_t len)
{
	uint32_t *slot = find(d, bytes, len);

	if (!*slot) {
		memcpy(d->bytes + d->bytes_used, bytes, len);
		d->bytes_used += len;
		d->end[d->count++] = d->bytes_used;
		*slot = d->count;
		if (d->count > (d->index_mask + 1) / 2) {
			grow(d);
			return d->count - 1;
		}
	}
	return *slot - 1;
}

const uint8_t *dictionary_entry(const struct dictionary *d, uint32_t number, uint32_t *ret_len)
{
	uint32_t from = number ? d->end[number - 1] : 0;

	*ret_len = d->end[number] - from;
	return d->bytes + from;
}
