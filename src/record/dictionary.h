// SPDX-License-Identifier: BSD-2-Clause
/*
 * A writer's dictionary: gives each different string of bytes the number of its first use. Memory
 * is reserved once and costs what is touched; nothing here allocates later.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dictionary {
	uint32_t *index; /* open addressing; number + 1, 0 is empty */
	uint32_t *reserved; /* where indexes of all sizes have their places */
	uint32_t *end;	 /* of each entry: where its bytes end */
	uint8_t *bytes;
	uint64_t seed;
	uint32_t limit, bytes_limit, index_mask;
	uint32_t count, bytes_used;
	uint32_t told; /* entries that are in the file */
};

/* `limit` entries of `bytes_limit` bytes in all. */
void dictionary_init(struct dictionary *d, uint32_t limit, uint32_t bytes_limit);
void dictionary_done(struct dictionary *d);

/* Forget all entries. */
void dictionary_clear(struct dictionary *d);

/*
 * The number of these bytes, which are added if they are new. There must be room:
 * dictionary_has_room() says whether there is for so many entries of at most that many bytes each.
 */
uint32_t dictionary_number(struct dictionary *d, const void *bytes, uint32_t len);
bool dictionary_has_room(const struct dictionary *d, uint32_t entries, uint32_t bytes);

/* The bytes of an entry and their number. Borrowed until dictionary_clear(). */
const uint8_t *dictionary_entry(const struct dictionary *d, uint32_t number, uint32_t *ret_len);
