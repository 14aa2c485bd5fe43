// SPDX-License-Identifier: BSD-2-Clause
#include "packet/slots.h"

#include <errno.h>
#include <stdlib.h>

#define LIMIT_MAX (1u << 30)

static struct slot *slot_at(const struct slots *s, uint32_t number)
{
	return number ? (struct slot *)(s->entry + (number - 1) * s->entry_size) : NULL;
}

static uint32_t number_of(const struct slots *s, const struct slot *slot)
{
	return (uint32_t)((size_t)((const uint8_t *)slot - s->entry) / s->entry_size) + 1;
}

static struct slot *skip_other_hashes(const struct slots *s, uint32_t number, uint32_t hash)
{
	struct slot *slot = slot_at(s, number);

	while (slot && slot->hash != hash)
		slot = slot_at(s, slot->chain);
	return slot;
}

int slots_init(struct slots *s, uint32_t limit, size_t entry_size)
{
	uint32_t buckets = 1;

	*s = (struct slots){.entry_size = entry_size, .limit = limit};
	if (!limit || limit > LIMIT_MAX)
		return -EINVAL;
	while (buckets < limit)
		buckets *= 2;
	s->mask = buckets - 1;
	s->entry = calloc(limit, entry_size);
	s->bucket = calloc(buckets, sizeof(*s->bucket));
	if (s->entry && s->bucket)
		return 0;
	slots_done(s);
	return -ENOMEM;
}

void slots_done(struct slots *s)
{
	free(s->entry);
	free(s->bucket);
	s->entry = NULL;
	s->bucket = NULL;
}

bool slots_is_full(const struct slots *s)
{
	return s->used == s->limit;
}

static void list_add(struct slots *s, struct slot *slot, uint8_t list)
{
	struct slot_list *l = &s->list[list];
	uint32_t number = number_of(s, slot);

	slot->list = list;
	slot->older = l->newest;
	slot->newer = 0;
	if (l->newest)
		slot_at(s, l->newest)->newer = number;
	else
		l->oldest = number;
	l->newest = number;
	l->count++;
}

static void list_remove(struct slots *s, struct slot *slot)
{
	struct slot_list *l = &s->list[slot->list];

	if (slot->older)
		slot_at(s, slot->older)->newer = slot->newer;
	else
		l->oldest = slot->newer;
	if (slot->newer)
		slot_at(s, slot->newer)->older = slot->older;
	else
		l->newest = slot->older;
	l->count--;
}

struct slot *slots_take(struct slots *s, uint32_t hash, uint8_t list)
{
	uint32_t *bucket = &s->bucket[hash & s->mask];
	struct slot *slot;

	if (slots_is_full(s))
		return NULL;
	if (s->free) {
		slot = slot_at(s, s->free);
		s->free = slot->chain;
	} else {
		slot = slot_at(s, ++s->ever_used);
	}
	s->used++;
	slot->hash = hash;
	slot->chain = *bucket;
	*bucket = number_of(s, slot);
	list_add(s, slot, list);
	return slot;
}

void slots_release(struct slots *s, struct slot *slot)
{
	uint32_t *link = &s->bucket[slot->hash & s->mask];
	uint32_t number = number_of(s, slot);

	while (*link != number)
		link = &slot_at(s, *link)->chain;
	*link = slot->chain;
	list_remove(s, slot);
	slot->chain = s->free;
	s->free = number;
	s->used--;
}

void slots_move(struct slots *s, struct slot *slot, uint8_t list)
{
	list_remove(s, slot);
	list_add(s, slot, list);
}

struct slot *slots_first(const struct slots *s, uint32_t hash)
{
	return skip_other_hashes(s, s->bucket[hash & s->mask], hash);
}

struct slot *slots_next(const struct slots *s, const struct slot *slot)
{
	return skip_other_hashes(s, slot->chain, slot->hash);
}

struct slot *slots_oldest(const struct slots *s, uint8_t list)
{
	return slot_at(s, s->list[list].oldest);
}

struct slot *slots_newer(const struct slots *s, const struct slot *slot)
{
	return slot_at(s, slot->newer);
}
