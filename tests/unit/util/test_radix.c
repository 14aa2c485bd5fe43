// SPDX-License-Identifier: BSD-2-Clause
/* The order is that of a stable sort by comparison. */
#include "util/radix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MOST 3000

static struct radix all[MOST], spare[MOST], wanted[MOST];

static int by_key(const void *a, const void *b)
{
	const struct radix *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->what < y->what ? -1 : x->what > y->what;
}

static void assert_sorted(size_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		all[i].what = i;
		wanted[i] = all[i];
	}
	qsort(wanted, count, sizeof(wanted[0]), by_key);
	radix_sort(all, spare, count);
	for (size_t i = 0; i < count; i++) {
		assert_true(all[i].key == wanted[i].key);
		assert_int_equal(all[i].what, wanted[i].what);
	}
}

/* Keys whose bytes from `low` to before `high` differ, of few values or many. */
static void test_all_widths(void **state)
{
	static const size_t counts[] = {0, 1, 2, 255, 256, 257, MOST};

	(void)state;
	srand(1);
	for (unsigned low = 0; low < 64; low += 8)
		for (unsigned high = low; high <= 64; high += 8)
			for (size_t n = 0; n < sizeof(counts) / sizeof(counts[0]); n++) {
				for (size_t i = 0; i < counts[n]; i++) {
					uint64_t key = (uint64_t)rand() << 40 ^ (uint64_t)rand() << 20 ^ (uint64_t)rand();

					key = high == 64 ? key : key & ((1ull << high) - 1);
					all[i].key = key >> low << low | 0x5a;
				}
				assert_sorted(counts[n]);
			}
}

static void test_few_values(void **state)
{
	(void)state;
	srand(2);
	for (unsigned values = 1; values < 300; values += 7) {
		for (size_t i = 0; i < MOST; i++)
			all[i].key = UINT64_MAX - (unsigned)rand() % values;
		assert_sorted(MOST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_widths),
		cmocka_unit_test(test_few_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
