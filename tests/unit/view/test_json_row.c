// SPDX-License-Identifier: BSD-2-Clause
/* Integers that a double would round: as numbers, and as strings for those who ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/clock.h"
#include "engine/column.h"
#include "engine/value.h"
#include "util/cgroup.h"
#include "util/out.h"
#include "view/json_row.h"
#include "view/layout.h"

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

static char *put_all(const struct section *s, const struct row *row, bool quotes_big, bool in_place, size_t *len)
{
	struct out out;

	out_init_memory(&out);
	out.quotes_big = quotes_big;
	/* In a window there is no writing in place. */
	if (!in_place)
		out_clip(&out, 1000, 1000000);
	json_row_put(&out, s, row, false);
	return out_take(&out, len);
}

/* Each column in both ways, which are one. */
static void assert_both_ways(const struct row *row, bool quotes_big)
{
	static struct section s;
	char wanted[64];

	for (size_t i = 0; i < column_count; i++) {
		const struct cell cell = {.column = columns[i].name};
		size_t len, other_len;
		char *text, *other;

		s.count = 0;
		section_set(&s, &cell, 1);
		text = put_all(&s, row, quotes_big, true, &len);
		other = put_all(&s, row, quotes_big, false, &other_len);
		assert_int_equal(len, other_len);
		assert_memory_equal(text, other, len);
		snprintf(wanted, sizeof(wanted), "{\"%s\":", columns[i].name);
		assert_memory_equal(text, wanted, strlen(wanted));
		free(text);
		free(other);
	}
}

static void test_written_in_place_or_not_it_is_the_same(void **state)
{
	static const char *const names[] = {"worker", "", "a\"b", "back\\slash", "tab\there", "gr\xc3\xbc\xc3\x9f",
					    "\xff\xfe", "\x7f", "sixteen_letters_", "fifteen_letter\x1b"};
	struct clock clock = {.realtime_offset_ns = 1000000000000000000};
	struct row_context context = {.clock = &clock, .cgroups = cgroup_names_new_at("/nowhere")};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct ev_ident id = {.pid = (uint32_t)(10u << i), .family = 4, .owner_source = OWNER_FILES,
				      .lport = 1, .rport = 65535, .seen = (uint8_t)(i % SEEN_COUNT),
				      .open_ns = 5000, .netns = 4026531840u};
		struct row row = {.context = &context, .time_ns = 1234567890123000 + i, .id = i,
				  .flows = 1, .state = (uint8_t)i, .ident = &id,
				  .count = {.tx_bytes = EXACT - 1 + i, .rx_bytes = UINT64_MAX, .srtt_us = (uint32_t)i},
				  .group = names[i], .end_reason = (uint8_t)(i % END_COUNT)};

		memcpy(id.comm, names[i], strnlen(names[i], sizeof(id.comm)));
		memcpy(id.thread, names[i], strnlen(names[i], sizeof(id.thread)));
		addr_set_v4(&id.laddr, 0x010200c0u + (uint32_t)i);
		memset(id.raddr.byte, (int)(17 * i), sizeof(id.raddr.byte));
		assert_both_ways(&row, false);
		assert_both_ways(&row, true);
		row.ident = NULL;
		assert_both_ways(&row, false);
	}
	cgroup_names_free(context.cgroups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_numbers),
		cmocka_unit_test(test_big_ones_are_strings_if_asked_for),
		cmocka_unit_test(test_all_else_stays),
		cmocka_unit_test(test_counts_as_values),
		cmocka_unit_test(test_written_in_place_or_not_it_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
