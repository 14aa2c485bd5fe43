// SPDX-License-Identifier: BSD-2-Clause
#include "util/cgroup_cache.h"

#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

struct slot {
	uint64_t key, asked; /* `asked`: the number of the question that came last */
	struct cgroup_info *info;
};

struct cgroup_cache {
	struct slot *slot; /* sorted by key */
	size_t count, size, limit;
	uint64_t questions, replaced;
};

struct cgroup_cache *cgroup_cache_new(size_t limit)
{
	struct cgroup_cache *cache = xcalloc(1, sizeof(*cache));

	cache->limit = limit;
	return cache;
}

void cgroup_cache_free(struct cgroup_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < cache->count; i++)
		free(cache->slot[i].info);
	free(cache->slot);
	free(cache);
}

static size_t lower_bound(const struct cgroup_cache *cache, uint64_t key)
{
	size_t low = 0, high = cache->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cache->slot[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct cgroup_info *cgroup_cache_find(struct cgroup_cache *cache, uint64_t key)
{
	size_t at = lower_bound(cache, key);

	if (at == cache->count || cache->slot[at].key != key)
		return NULL;
	cache->slot[at].asked = ++cache->questions;
	return cache->slot[at].info;
}

/* Learning is rare enough for a look at all. */
static void drop_oldest(struct cgroup_cache *cache)
{
	size_t oldest = 0;

	for (size_t i = 1; i < cache->count; i++)
		if (cache->slot[i].asked < cache->slot[oldest].asked)
			oldest = i;
	free(cache->slot[oldest].info);
	cache->count--;
	memmove(cache->slot + oldest, cache->slot + oldest + 1,
		(cache->count - oldest) * sizeof(*cache->slot));
	cache->replaced++;
}

/* The slot of the key; its info is NULL if it is new. */
static struct slot *take_slot(struct cgroup_cache *cache, uint64_t key)
{
	size_t at = lower_bound(cache, key);

	if (at < cache->count && cache->slot[at].key == key)
		return &cache->slot[at];
	if (cache->count == cache->limit) {
		drop_oldest(cache);
		at = lower_bound(cache, key);
	}
	if (cache->count == cache->size) {
		cache->size = cache->size ? 2 * cache->size : 64;
		cache->slot = xrealloc(cache->slot, cache->size * sizeof(*cache->slot));
	}
	memmove(cache->slot + at + 1, cache->slot + at, (cache->count - at) * sizeof(*cache->slot));
	cache->count++;
	cache->slot[at] = (struct slot){.key = key};
	return &cache->slot[at];
}

static struct cgroup_info *new_info(const char *path)
{
	const char *text = path ? path : CGROUP_GONE;
	size_t size = strlen(text) + 1;
	struct cgroup_info *info = xmalloc(sizeof(*info) + size);

	info->path = memcpy(info + 1, text, size);
	info->is_gone = !path;
	workload_read(text, path ? size - 1 : 0, &info->workload);
	return info;
}

const struct cgroup_info *cgroup_cache_put(struct cgroup_cache *cache, uint64_t key,
					   const char *path, uint64_t now_ns)
{
	struct slot *slot = take_slot(cache, key);

	if (!slot->info || strcmp(slot->info->path, path ? path : CGROUP_GONE)) {
		free(slot->info);
		slot->info = new_info(path);
	}
	slot->asked = ++cache->questions;
	slot->info->learnt_ns = now_ns;
	return slot->info;
}

uint64_t cgroup_cache_replaced(const struct cgroup_cache *cache)
{
	return cache->replaced;
}
