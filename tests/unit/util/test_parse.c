// SPDX-License-Identifier: BSD-2-Clause
#include "util/parse.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void a_whole_number_is_taken(void **state)
{
	uint64_t n = 0;
	size_t at;

	(void)state;
	assert_int_equal(parse_uint("18446744073709551615", 0, UINT64_MAX, &n, &at), 0);
	assert_true(n == UINT64_MAX);
}

static void what_follows_a_number_is_pointed_at(void **state)
{
	uint64_t n = 7;
	size_t at = 99;

	(void)state;
	assert_int_equal(parse_uint("5x", 1, 10, &n, &at), -EINVAL);
	assert_int_equal(at, 1);
	assert_int_equal(n, 7);
	assert_int_equal(parse_uint("", 1, 10, &n, &at), -EINVAL);
	assert_int_equal(parse_uint("-5", 1, 10, &n, &at), -EINVAL);
	assert_int_equal(parse_uint(" 5", 1, 10, &n, &at), -EINVAL);
}

static void numbers_out_of_range_are_refused_not_wrapped(void **state)
{
	uint64_t n;
	size_t at;

	(void)state;
	assert_int_equal(parse_uint("0", 1, 10, &n, &at), -ERANGE);
	assert_int_equal(parse_uint("11", 1, 10, &n, &at), -ERANGE);
	assert_int_equal(parse_uint("18446744073709551616", 0, UINT64_MAX, &n, &at), -ERANGE);
}

static void ports_set_their_bits(void **state)
{
	uint8_t set[65536 / 8] = {0};
	size_t at;

	(void)state;
	assert_int_equal(parse_ports("22, 80 ,65535", set, &at), 0);
	assert_true(set[22 / 8] & (1 << (22 % 8)));
	assert_true(set[80 / 8] & (1 << (80 % 8)));
	assert_true(set[65535 / 8] & (1 << (65535 % 8)));
	assert_false(set[81 / 8] & (1 << (81 % 8)));
}

static void bad_port_lists_are_pointed_at(void **state)
{
	static const struct {
		const char *text;
		int err;
		size_t at;
	} bad[] = {
		{"", -EINVAL, 0},      {"22,", -EINVAL, 3},	 {"22,,80", -EINVAL, 3},
		{"0", -ERANGE, 0},     {"22,70000", -ERANGE, 3}, {"abc", -EINVAL, 0},
		{"22 80", -EINVAL, 3}, {"80-90", -EINVAL, 2},
	};
	uint8_t set[65536 / 8];
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(set, 0, sizeof(set));
		assert_int_equal(parse_ports(bad[i].text, set, &at), bad[i].err);
		assert_int_equal(at, bad[i].at);
	}
}

static void the_nearest_word_is_found_and_rubbish_is_not(void **state)
{
	static const char *const words[] = {"tx_bytes", "rx_bytes", "comm"};

	(void)state;
	assert_string_equal(parse_nearest("txbytes", words, 3), "tx_bytes");
	assert_string_equal(parse_nearest("com", words, 3), "comm");
	assert_null(parse_nearest("zzzzqqqqxxxx", words, 3));
	assert_int_equal(parse_distance("kitten", "sitting"), 3);
	assert_int_equal(parse_distance("tpo", "top"), 1);
	assert_int_equal(parse_distance("", "top"), 3);
	assert_int_equal(parse_distance("recrod", "records"), 2);
}

/* Of a word of six letters two that are wrong make another word. */
static void short_words_have_one_mistake_at_most(void **state)
{
	static const char *const words[] = {"at", "top", "life", "why", "peek", "record"};
	static const struct {
		const char *word, *meant;
	} tried[] = {
		{"to", "top"},	       {"ta", "at"},	     {"tpo", "top"},
		{"tops", "top"},       {"lief", "life"},     {"wyh", "why"},
		{"pek", "peek"},       {"recrod", "record"}, {"rcord", "record"},
		{"reckrod", "record"}, {"ab", NULL},	     {"x", NULL},
		{"t", NULL},	       {"", NULL},	     {"how", NULL},
		{"ls", NULL},	       {"tip", "top"},	     {"list", NULL},
		{"ping", NULL},	       {"wireshark", NULL},  {"report", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
		const char *nearest = parse_nearest(tried[i].word, words, 6);

		if (tried[i].meant ? !nearest || strcmp(nearest, tried[i].meant) : nearest != NULL)
			fail_msg("%s: %s", tried[i].word, nearest ? nearest : "nothing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_number_is_taken),
		cmocka_unit_test(what_follows_a_number_is_pointed_at),
		cmocka_unit_test(numbers_out_of_range_are_refused_not_wrapped),
		cmocka_unit_test(ports_set_their_bits),
		cmocka_unit_test(bad_port_lists_are_pointed_at),
		cmocka_unit_test(the_nearest_word_is_found_and_rubbish_is_not),
		cmocka_unit_test(short_words_have_one_mistake_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
