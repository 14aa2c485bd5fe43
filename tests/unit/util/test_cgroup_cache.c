// SPDX-License-Identifier: BSD-2-Clause
#include "util/cgroup_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "util/cgroup.h"

static const char *path_of(uint64_t key)
{
	static char text[64];

	snprintf(text, sizeof(text), "/system.slice/%llu.service", (unsigned long long)key);
	return text;
}

/* Keys in an order that is neither theirs nor its opposite. */
static uint64_t key_of(uint64_t i)
{
	return i * 0x9e3779b97f4a7c15;
}

static void so_many_stay_and_the_oldest_leaves(void **state)
{
	static const size_t limits[] = {1, 2, 7, CGROUP_INFO_MAX};

	(void)state;
	for (size_t l = 0; l < sizeof(limits) / sizeof(limits[0]); l++) {
		size_t limit = limits[l];
		struct cgroup_cache *cache = cgroup_cache_new(limit);
		const struct cgroup_info *first = NULL;

		for (uint64_t i = 0; i < limit; i++)
			cgroup_cache_put(cache, key_of(i), path_of(key_of(i)), i);
		assert_int_equal(cgroup_cache_replaced(cache), 0);
		for (uint64_t i = 0; i < limit; i++) {
			const struct cgroup_info *info = cgroup_cache_find(cache, key_of(i));

			assert_string_equal(info->path, path_of(key_of(i)));
			assert_string_equal(info->workload.unit, path_of(key_of(i)) + 14);
			assert_int_equal(info->learnt_ns, i);
		}
		/* The first is asked for again: the second is the oldest then. */
		first = cgroup_cache_find(cache, key_of(0));
		cgroup_cache_put(cache, key_of(limit), path_of(key_of(limit)), 0);
		assert_int_equal(cgroup_cache_replaced(cache), 1);
		if (limit > 1) {
			assert_ptr_equal(cgroup_cache_find(cache, key_of(0)), first);
			assert_null(cgroup_cache_find(cache, key_of(1)));
		}
		for (uint64_t i = 2; i <= limit; i++)
			assert_non_null(cgroup_cache_find(cache, key_of(i)));
		cgroup_cache_free(cache);
	}
}

static void the_same_path_keeps_its_place(void **state)
{
	struct cgroup_cache *cache = cgroup_cache_new(4);
	const struct cgroup_info *info = cgroup_cache_put(cache, 1, "/a.service", 10);

	(void)state;
	assert_ptr_equal(cgroup_cache_put(cache, 1, "/a.service", 20), info);
	assert_int_equal(info->learnt_ns, 20);
	info = cgroup_cache_put(cache, 1, "/b.service", 30);
	assert_string_equal(info->workload.unit, "b.service");
	assert_int_equal(cgroup_cache_replaced(cache), 0);
	cgroup_cache_free(cache);
}

static void what_is_gone_says_so(void **state)
{
	struct cgroup_cache *cache = cgroup_cache_new(4);
	const struct cgroup_info *info = cgroup_cache_put(cache, 1, NULL, 0);

	(void)state;
	assert_string_equal(info->path, "(gone)");
	assert_true(info->is_gone);
	assert_string_equal(info->workload.unit, "");
	assert_string_equal(info->workload.container, "");
	assert_null(cgroup_cache_find(cache, 2));
	cgroup_cache_free(cache);
	cgroup_cache_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_stay_and_the_oldest_leaves),
		cmocka_unit_test(the_same_path_keeps_its_place),
		cmocka_unit_test(what_is_gone_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
