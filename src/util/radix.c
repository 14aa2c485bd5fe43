// SPDX-License-Identifier: BSD-2-Clause
#include "util/radix.h"

#include <string.h>

#define BYTES 8
#define VALUES 256

static unsigned byte_of(uint64_t key, unsigned byte)
{
	return key >> 8 * byte & (VALUES - 1);
}

/* How many there are becomes where the first of them goes. */
static void make_places(uint32_t *count)
{
	uint32_t place = 0;

	for (unsigned v = 0; v < VALUES; v++) {
		uint32_t here = count[v];

		count[v] = place;
		place += here;
	}
}

void radix_sort(struct radix *all, struct radix *spare, size_t count)
{
	uint32_t place[BYTES][VALUES] = {0};
	struct radix *from = all, *to = spare;

	for (size_t i = 0; i < count; i++)
		for (unsigned b = 0; b < BYTES; b++)
			place[b][byte_of(all[i].key, b)]++;
	for (unsigned b = 0; b < BYTES && count; b++) {
		/* The same in all of them. */
		if (place[b][byte_of(from[0].key, b)] == count)
			continue;
		make_places(place[b]);
		for (size_t i = 0; i < count; i++)
			to[place[b][byte_of(from[i].key, b)]++] = from[i];
		struct radix *swap = from;
		from = to;
		to = swap;
	}
	if (from != all)
		memcpy(all, from, count * sizeof(*all));
}
