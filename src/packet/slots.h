// SPDX-License-Identifier: BSD-2-Clause
/*
 * Storage for a table of fixed size: equal slots, found by hash, each on exactly one of a few
 * lists that are ordered by time. All memory is reserved by slots_init() and costs nothing until
 * a slot is used; no other call allocates. Every call takes constant time, but for walking a hash
 * chain.
 *
 * A user embeds `struct slot` as the first member of its entry.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOT_LISTS 8

struct slot {
	uint32_t chain;	       /* next of the same bucket, + 1 */
	uint32_t older, newer; /* neighbours on the list, + 1 */
	uint32_t hash;
	uint8_t list;
};

struct slot_list {
	uint32_t oldest, newest; /* + 1 */
	uint32_t count;
};

struct slots {
	uint8_t *entry;
	uint32_t *bucket; /* first of its chain, + 1 */
	size_t entry_size;
	uint32_t mask;
	uint32_t limit, used, ever_used;
	uint32_t free; /* + 1, linked by `chain` */
	struct slot_list list[SLOT_LISTS];
};

/* Returns 0, or -ENOMEM or -EINVAL (a limit of 0, or above 2**30). */
int slots_init(struct slots *s, uint32_t limit, size_t entry_size);

/* Accepts a zeroed struct. */
void slots_done(struct slots *s);

bool slots_is_full(const struct slots *s);

/*
 * Take a free slot, enter it under `hash` and as the newest of `list`. Only `struct slot` is set:
 * the rest holds what was there before. NULL if all are in use.
 */
struct slot *slots_take(struct slots *s, uint32_t hash, uint8_t list);

void slots_release(struct slots *s, struct slot *slot);

/* Make it the newest of `list`, which may be the one it is on. */
void slots_move(struct slots *s, struct slot *slot, uint8_t list);

/* The slots of one hash, the one taken last first; NULL at the end. */
struct slot *slots_first(const struct slots *s, uint32_t hash);
struct slot *slots_next(const struct slots *s, const struct slot *slot);

/* NULL if the list is empty. */
struct slot *slots_oldest(const struct slots *s, uint8_t list);
struct slot *slots_newer(const struct slots *s, const struct slot *slot);
