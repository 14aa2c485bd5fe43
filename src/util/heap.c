// SPDX-License-Identifier: BSD-2-Clause
#include "util/heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)
/* The most that glibc takes (HEAP_MAX_SIZE / 2), and what it comes to of itself where 6 MB were given back. */
#define WITHIN_HEAP (32 << 20)
#define MMAP_FROM (6 << 20)
#define TRIM_FROM (2 * MMAP_FROM)

static char *huge;
static size_t huge_size;

void heap_expect(size_t bytes)
{
	char *block;

	mallopt(M_MMAP_THRESHOLD, WITHIN_HEAP);
	mallopt(M_TRIM_THRESHOLD, WITHIN_HEAP);
	block = malloc(bytes);
	if (!block)
		return;
	huge = (char *)(((uintptr_t)block + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
	huge_size = (size_t)(block + bytes - huge) / HUGE_PAGE * HUGE_PAGE;
	/* If it fails pages are small. */
	madvise(huge, huge_size, MADV_HUGEPAGE);
	free(block);
}

void heap_settle(void)
{
	if (huge)
		madvise(huge, huge_size, MADV_NOHUGEPAGE);
	huge = NULL;
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	mallopt(M_TRIM_THRESHOLD, TRIM_FROM);
	malloc_trim(0);
}
