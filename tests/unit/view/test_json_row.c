// SPDX-License-Identifier: BSD-2-Clause
/* Integers that a double would round: as numbers, and as strings for those who ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/value.h"
#include "util/out.h"
#include "view/json_row.h"

#define EXACT 9007199254740992ull /* 2^53 */

static void assert_put(struct value v, bool quotes_big, const char *wanted)
{
	struct out out;
	char *text;
	size_t len;

	out_init_memory(&out);
	out.quotes_big = quotes_big;
	json_value_put(&out, &v);
	text = out_take(&out, &len);
	assert_int_equal(len, strlen(wanted));
	assert_memory_equal(text, wanted, len);
	free(text);
}

static struct value value_int(int64_t i)
{
	return (struct value){.type = VALUE_INT, .i = i};
}

static void test_numbers_are_numbers(void **state)
{
	(void)state;
	assert_put(value_uint(UINT64_MAX), false, "18446744073709551615");
	assert_put(value_int(INT64_MIN), false, "-9223372036854775808");
}

static void test_big_ones_are_strings_if_asked_for(void **state)
{
	(void)state;
	assert_put(value_uint(EXACT), true, "9007199254740992");
	assert_put(value_uint(EXACT + 1), true, "\"9007199254740993\"");
	assert_put(value_uint(UINT64_MAX), true, "\"18446744073709551615\"");
	assert_put(value_int(-(int64_t)EXACT), true, "-9007199254740992");
	assert_put(value_int(-(int64_t)EXACT - 1), true, "\"-9007199254740993\"");
	assert_put(value_int(INT64_MAX), true, "\"9223372036854775807\"");
}

static void test_all_else_stays(void **state)
{
	(void)state;
	assert_put(value_none(), true, "null");
	assert_put(value_text("a\"b"), true, "\"a\\\"b\"");
	assert_put(value_real(1e17, 1), true, "100000000000000000.0");
}

static void test_counts_as_values(void **state)
{
	struct out out;
	char *text;
	size_t len;

	(void)state;
	out_init_memory(&out);
	out.quotes_big = true;
	json_uint_put(&out, EXACT + 1);
	text = out_take(&out, &len);
	assert_int_equal(len, 18);
	assert_memory_equal(text, "\"9007199254740993\"", len);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_numbers),
		cmocka_unit_test(test_big_ones_are_strings_if_asked_for),
		cmocka_unit_test(test_all_else_stays),
		cmocka_unit_test(test_counts_as_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
