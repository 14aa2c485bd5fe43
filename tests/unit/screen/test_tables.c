// SPDX-License-Identifier: BSD-2-Clause
/* The tables of keys and of columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "screen/fields.h"
#include "screen/human.h"
#include "screen/keys.h"
#include "screen/ui.h"

static void no_key_does_two_things(void **state)
{
	(void)state;
	for (size_t i = 0; i < key_def_count; i++)
		for (size_t k = 0; k < 6 && key_defs[i].key[k]; k++)
			assert_int_equal(keys_act(key_defs[i].key[k]), key_defs[i].act);
	assert_int_equal(keys_act(0), ACT_NOTHING);
	assert_int_equal(keys_act(KEY_IS_UNKNOWN), ACT_NOTHING);
	assert_int_equal(keys_act('7'), ACT_SORT_NTH);
}

static void every_page_has_its_columns(void **state)
{
	struct fields f;

	(void)state;
	for (unsigned page = 0; page < PAGE_COUNT; page++) {
		fields_default(&f, page);
		assert_true(f.count > 3);
		for (size_t i = 0; i < f.count; i++)
			assert_non_null(f.field[i].column);
	}
}

static void columns_come_and_go(void **state)
{
	const struct column *c = column_find("cwnd", 4);
	struct fields f;
	size_t count;

	(void)state;
	fields_default(&f, PAGE_FLOWS);
	count = f.count;
	assert_int_equal(fields_find(&f, "cwnd"), -1);
	assert_true(fields_toggle(&f, c));
	assert_int_equal(fields_find(&f, "cwnd"), count);
	assert_true(fields_toggle(&f, c));
	assert_int_equal(f.count, count);
	/* All there are do not fit, which is told. */
	for (size_t i = 0; i < column_count && f.count < FIELDS_MAX; i++)
		if (fields_find(&f, columns[i].name) < 0)
			assert_true(fields_toggle(&f, &columns[i]));
	assert_false(fields_toggle(&f, &columns[column_count - 1]));
}

static void assert_number(double n, const char *text)
{
	char buf[HUMAN_MAX];

	human_number(n, false, buf);
	assert_string_equal(buf, text);
}

static void numbers_are_short(void **state)
{
	char buf[HUMAN_MAX + 8];

	(void)state;
	assert_number(0, "0");
	assert_number(999, "999");
	assert_number(999.6, "1.0 k");
	assert_number(1200, "1.2 k");
	assert_number(580000, "580 k");
	assert_number(999499, "999 k");
	assert_number(999500, "1.0 M");
	assert_number(5800000, "5.8 M");
	assert_number(1e21, "1000 E");
	human_number(1536, true, buf);
	assert_string_equal(buf, "1.5Ki");
	human_ms(20, buf);
	assert_string_equal(buf, "0.02");
	human_ms(38100, buf);
	assert_string_equal(buf, "38.1");
	human_ms(201000, buf);
	assert_string_equal(buf, "201");
	human_age(187000000, buf);
	assert_string_equal(buf, "3:07");
	human_count(1204981, buf);
	assert_string_equal(buf, "1,204,981");
}

static void addresses_lose_their_middle_never_their_port(void **state)
{
	struct addr a = {.byte = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
	const struct value v = {.type = VALUE_ENDPOINT, .addr = &a, .port = 65535};
	char buf[VALUE_TEXT_MAX + 4];

	(void)state;
	for (size_t width = 8; width < 60; width++) {
		size_t len = human_address(&v, width, true, buf);

		assert_true(len <= width);
		assert_string_equal(buf + len - 6, ":65535");
		assert_true(width < 50 || !strchr(buf, '~'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_key_does_two_things),
		cmocka_unit_test(every_page_has_its_columns),
		cmocka_unit_test(columns_come_and_go),
		cmocka_unit_test(numbers_are_short),
		cmocka_unit_test(addresses_lose_their_middle_never_their_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
