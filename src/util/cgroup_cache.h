// SPDX-License-Identifier: BSD-2-Clause
/*
 * Answers that were found once, by number: of a cgroup, or of a process. There are at most so many;
 * for a new one beyond that the one which was asked for least recently leaves, and is counted.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/workload.h"

struct cgroup_info {
	const char *path; /* "/system.slice/x.service"; "(gone)"; NULL: not known yet */
	bool is_gone;
	uint64_t learnt_ns;	  /* CLOCK_MONOTONIC */
	struct workload workload; /* all of it empty, if the path is not known */
};

#define CGROUP_GONE "(gone)"

struct cgroup_cache;

/* Gives; free with cgroup_cache_free(). Never NULL. */
struct cgroup_cache *cgroup_cache_new(size_t limit);
void cgroup_cache_free(struct cgroup_cache *cache);

/* The answer, which counts as asked for, or NULL. Borrowed until the next cgroup_cache_put(). */
const struct cgroup_info *cgroup_cache_find(struct cgroup_cache *cache, uint64_t key);

/*
 * Remember the path, which is copied, in place of what was known; NULL: it is gone. Borrowed; if it
 * is the same as before, so is what is returned.
 */
const struct cgroup_info *cgroup_cache_put(struct cgroup_cache *cache, uint64_t key,
					   const char *path, uint64_t now_ns);

/* How many left for others. */
uint64_t cgroup_cache_replaced(const struct cgroup_cache *cache);
