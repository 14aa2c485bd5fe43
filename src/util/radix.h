// SPDX-License-Identifier: BSD-2-Clause
/* Many numbers put in order without comparing two: each is moved once for each of its bytes that differ. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct radix {
	uint64_t key;
	uint32_t what; /* of whoever sorts */
};

/* By key, the least first; what is equal stays in its order. `spare` has as much room. */
void radix_sort(struct radix *all, struct radix *spare, size_t count);
