// SPDX-License-Identifier: BSD-2-Clause
/*
 * Theory of operation: one hash table whose keys are (length, masked address), for all lengths, and
 * per family the list of lengths in use. A look-up masks the address once per length and asks the
 * table. Each key remembers the lowest position in the list, so that the first match is the least
 * of the positions found, and the longest match the first one found from the longest length down.
 */
#include "engine/prefix.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

#define LENGTHS 129
#define BUCKETS_FIRST 64

struct lengths {
	uint8_t bits[LENGTHS]; /* descending */
	unsigned count;
};

struct prefix_set {
	struct prefix *prefix;
	size_t count, size;
	uint32_t *index;      /* by address and length: position + 1, 0 is empty */
	uint32_t *name_index; /* by name: position + 1 of the first one */
	uint32_t mask;	      /* of both */
	struct lengths v4, v6;
};

struct prefix_set *prefix_set_new(void)
{
	struct prefix_set *set = xcalloc(1, sizeof(*set));

	set->mask = BUCKETS_FIRST - 1;
	set->index = xcalloc(BUCKETS_FIRST, sizeof(*set->index));
	set->name_index = xcalloc(BUCKETS_FIRST, sizeof(*set->name_index));
	return set;
}

void prefix_set_free(struct prefix_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++) {
		if (set->prefix[i].name != set->prefix[i].text)
			free((char *)set->prefix[i].name);
		free((char *)set->prefix[i].text);
	}
	free(set->prefix);
	free(set->index);
	free(set->name_index);
	free(set);
}

static void mask_addr(struct addr *addr, unsigned bits)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned keep = bits > 32 * i ? bits - 32 * i : 0;

		if (keep < 32)
			addr->word_be[i] &= keep ? htonl(~0u << (32 - keep)) : 0;
	}
}

static uint32_t hash_addr(const struct addr *addr, unsigned bits)
{
	uint64_t h = bits;

	for (unsigned i = 0; i < 4; i++)
		h = (h ^ addr->word_be[i]) * 0x9e3779b97f4a7c15ull;
	return (uint32_t)(h >> 32);
}

static uint32_t hash_name(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h;
}

/* The bucket that holds this prefix, or the empty one where it belongs. */
static uint32_t find_addr(const struct prefix_set *set, const struct addr *addr, unsigned bits)
{
	uint32_t b = hash_addr(addr, bits) & set->mask;

	for (; set->index[b]; b = (b + 1) & set->mask) {
		const struct prefix *p = &set->prefix[set->index[b] - 1];

		if (p->bits == bits && !memcmp(&p->addr, addr, sizeof(*addr)))
			break;
	}
	return b;
}

static uint32_t find_name(const struct prefix_set *set, const char *name)
{
	uint32_t b = hash_name(name) & set->mask;

	for (; set->name_index[b]; b = (b + 1) & set->mask)
		if (!strcmp(set->prefix[set->name_index[b] - 1].name, name))
			break;
	return b;
}

/* Enter the prefix at `position` into both indexes, if it is the first of its kind. */
static void enter(struct prefix_set *set, uint32_t position)
{
	struct prefix *p = &set->prefix[position];
	uint32_t b = find_addr(set, &p->addr, p->bits);

	if (!set->index[b])
		set->index[b] = position + 1;
	b = find_name(set, p->name);
	if (!set->name_index[b])
		set->name_index[b] = position + 1;
	p->group = set->name_index[b] - 1;
}

static void grow(struct prefix_set *set)
{
	size_t buckets = 2 * ((size_t)set->mask + 1);

	free(set->index);
	free(set->name_index);
	set->mask = (uint32_t)buckets - 1;
	set->index = xcalloc(buckets, sizeof(*set->index));
	set->name_index = xcalloc(buckets, sizeof(*set->name_index));
	for (uint32_t i = 0; i < set->count; i++)
		enter(set, i);
}

static void note_length(struct lengths *l, uint8_t bits)
{
	unsigned i = 0;

	while (i < l->count && l->bits[i] > bits)
		i++;
	if (i < l->count && l->bits[i] == bits)
		return;
	memmove(&l->bits[i + 1], &l->bits[i], l->count - i);
	l->bits[i] = bits;
	l->count++;
}

void prefix_set_add(struct prefix_set *set, const struct addr *addr, unsigned bits, char *text,
		    char *name)
{
	bool v4 = bits >= PREFIX_V4_BITS && addr_is_v4(addr);
	struct prefix p = {
		.addr = *addr, .bits = (uint8_t)bits, .v4 = v4, .text = text, .name = name};

	mask_addr(&p.addr, bits);
	if (set->count == set->size) {
		set->size = set->size ? 2 * set->size : 16;
		set->prefix = xrealloc(set->prefix, set->size * sizeof(*set->prefix));
	}
	if (2 * (set->count + 1) > set->mask)
		grow(set);
	set->prefix[set->count] = p;
	enter(set, (uint32_t)set->count++);
	note_length(v4 ? &set->v4 : &set->v6, p.bits);
}

size_t prefix_set_count(const struct prefix_set *set)
{
	return set->count;
}

const struct prefix *prefix_set_get(const struct prefix_set *set, uint32_t position)
{
	return &set->prefix[position];
}

bool prefix_set_has_v6(const struct prefix_set *set)
{
	return set->v6.count;
}

/* Ask for each length in use, longest first, until one is found (`first`: until all were asked). */
static uint32_t look_up(const struct prefix_set *set, const struct addr *addr, bool first)
{
	const struct lengths *l = addr_is_v4(addr) ? &set->v4 : &set->v6;
	struct addr masked = *addr;
	uint32_t best = PREFIX_NONE;

	/* Going down, the bits that remain are masked again: no fresh copy is needed. */
	for (unsigned i = 0; i < l->count; i++) {
		uint32_t found;

		mask_addr(&masked, l->bits[i]);
		found = set->index[find_addr(set, &masked, l->bits[i])];
		if (!found)
			continue;
		if (!first)
			return found - 1;
		if (found - 1 < best)
			best = found - 1;
	}
	return best;
}

uint32_t prefix_set_first(const struct prefix_set *set, const struct addr *addr)
{
	return look_up(set, addr, true);
}

uint32_t prefix_set_longest(const struct prefix_set *set, const struct addr *addr)
{
	return look_up(set, addr, false);
}
