// SPDX-License-Identifier: BSD-2-Clause
/* Numbers are written as printf() writes them. */
#include "util/decimal.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void assert_put(uint64_t n)
{
	char text[DECIMAL_MAX + 2], wanted[DECIMAL_MAX + 2];
	size_t len;

	memset(text, '?', sizeof(text));
	len = decimal_put(text, n);
	assert_int_equal(text[len], '?');
	text[len] = '\0';
	snprintf(wanted, sizeof(wanted), "%" PRIu64, n);
	assert_string_equal(text, wanted);
}

static void test_around_each_power_of_ten(void **state)
{
	(void)state;
	assert_put(0);
	assert_put(UINT64_MAX);
	for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10)
		for (int i = -2; i <= 2; i++)
			assert_put(power + (uint64_t)i);
}

static void test_numbers_of_all_lengths(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 100000; i++) {
		uint64_t n = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand();

		assert_put(n >> i % 64);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_around_each_power_of_ten),
		cmocka_unit_test(test_numbers_of_all_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
