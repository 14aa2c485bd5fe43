// SPDX-License-Identifier: BSD-2-Clause
#include "engine/state_list.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static uint32_t states_of(const char *list)
{
	uint32_t states;
	size_t at;

	assert_int_equal(state_list_parse(list, &states, &at), 0);
	return states;
}

static void test_words_of_ss_and_of_the_column(void **state)
{
	(void)state;
	assert_int_equal(states_of("established"), 1u << 1);
	assert_int_equal(states_of("fin-wait-1"), 1u << 4);
	assert_int_equal(states_of("fin_wait1,fin-wait-2"), 1u << 4 | 1u << 5);
	assert_int_equal(states_of("listening"), states_of("listen"));
	assert_int_equal(states_of("closed"), states_of("close"));
	/* A request that is no socket yet shows itself as syn_recv. */
	assert_int_equal(states_of("syn-recv"), 1u << 3 | 1u << 12);
	assert_int_equal(states_of("new-syn-recv"), 1u << 12);
}

static void test_groups(void **state)
{
	uint32_t all = states_of("all");

	(void)state;
	assert_int_equal(all, (1u << 13) - 1);
	assert_int_equal(states_of("bucket"), states_of("time-wait,syn-recv"));
	assert_int_equal(states_of("big"), all & ~states_of("bucket"));
	assert_int_equal(states_of("connected") & states_of("listening,closed"), 0);
	assert_int_equal(states_of("connected,listening,closed") | 1, all);
	assert_int_equal(states_of("synchronized"), states_of("connected") & ~(1u << 2));
	assert_int_equal(states_of("open"), states_of("connected") & ~states_of("bucket"));
}

static void test_a_word_that_is_none(void **state)
{
	static const struct {
		const char *list;
		size_t at;
	} wrong[] = {
		{"", 0},	{"bogus", 0},	       {"listen,", 7},
		{",listen", 0}, {"listen,,closed", 7}, {"closed,established2", 7},
		{"LISTEN", 0},	{"close-wai", 0},      {"all all", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint32_t states;
		size_t at = 99;

		assert_int_equal(state_list_parse(wrong[i].list, &states, &at), -EINVAL);
		assert_int_equal(at, wrong[i].at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_of_ss_and_of_the_column),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_a_word_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
