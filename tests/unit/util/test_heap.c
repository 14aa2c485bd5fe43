// SPDX-License-Identifier: BSD-2-Clause
/* What is given back is used again while much is expected; afterwards nothing of it stays. */
#include "util/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#define BLOCK ((size_t)6 << 20)
#define EXPECTED (4 * BLOCK)

static long faults(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_minflt;
}

static size_t resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	size_t size, pages;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%zu %zu", &size, &pages), 2);
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* As libbpf does: a file is read into one block, and kept in another. Returns the page faults that it took. */
static long take_and_give_back(void)
{
	long before = faults();
	char *file = malloc(BLOCK), *kept = malloc(BLOCK);

	assert_non_null(file);
	assert_non_null(kept);
	memset(file, 1, BLOCK);
	memcpy(kept, file, BLOCK);
	free(file);
	assert_int_equal(kept[BLOCK - 1], 1);
	free(kept);
	return faults() - before;
}

static void test_what_is_given_back_is_used_again(void **state)
{
	const long pages = (long)(2 * BLOCK) / sysconf(_SC_PAGESIZE);

	(void)state;
	heap_expect(EXPECTED);
	assert_true(take_and_give_back() <= pages + 100);
	assert_true(take_and_give_back() <= 10);
	heap_settle();
}

static void test_nothing_of_it_stays(void **state)
{
	size_t before = resident();

	(void)state;
	heap_expect(EXPECTED);
	take_and_give_back();
	assert_true(resident() >= before + BLOCK);
	heap_settle();
	assert_true(resident() <= before + BLOCK / 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_given_back_is_used_again),
		cmocka_unit_test(test_nothing_of_it_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
