// SPDX-License-Identifier: BSD-2-Clause
/* When to send again, and what a server says of what it did not take. */
#include "push/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "push/otlp_answer.h"

static void test_only_what_may_pass_is_repeated(void **state)
{
	static const unsigned later[] = {0, 429, 502, 503, 504};
	static const unsigned useless[] = {100, 199, 300, 301, 307, 400, 401,
					   403, 404, 413, 500, 501, 505, 599};

	(void)state;
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		assert_int_equal(retry_judge(later[i]), RETRY_LATER);
	for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++)
		assert_int_equal(retry_judge(useless[i]), RETRY_USELESS);
	assert_int_equal(retry_judge(200), RETRY_NOT_NEEDED);
	assert_int_equal(retry_judge(202), RETRY_NOT_NEEDED);
}

static void test_waits_double_up_to_half_a_minute(void **state)
{
	static const uint32_t middle[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};

	(void)state;
	for (unsigned i = 0; i < sizeof(middle) / sizeof(middle[0]); i++) {
		assert_in_range(retry_wait_ms(i + 1, 0, 0.5), middle[i] - 1, middle[i] + 1);
		assert_in_range(retry_wait_ms(i + 1, 0, 0), middle[i] * 8 / 10 - 1,
				middle[i] * 8 / 10 + 1);
		assert_in_range(retry_wait_ms(i + 1, 0, 1), middle[i] * 12 / 10 - 1,
				middle[i] * 12 / 10 + 1);
	}
	assert_in_range(retry_wait_ms(UINT32_MAX, 0, 0.5), 29999, 30001);
}

static void test_a_server_may_ask_for_more_up_to_five_minutes(void **state)
{
	(void)state;
	assert_int_equal(retry_wait_ms(1, 7, 0.5), 7000);
	assert_int_equal(retry_wait_ms(1, 1, 1), 1200);
	assert_int_equal(retry_wait_ms(1, 86400, 0.5), 300000);
	assert_int_equal(retry_wait_ms(1, UINT64_MAX, 0.5), 300000);
}

static void test_what_a_partial_success_says(void **state)
{
	static const struct {
		const char *answer;
		unsigned rejected;
		const char *why;
	} cases[] = {
		{"", 0, ""},
		{"{}", 0, ""},
		{"not json", 0, ""},
		{"[1]", 0, ""},
		{"{\"partialSuccess\":{}}", 0, ""},
		{"{\"partialSuccess\":{\"rejectedLogRecords\":\"7\",\"errorMessage\":\"full\"}}", 7,
		 "full"},
		{"{\"partialSuccess\":{\"rejectedDataPoints\":3}}", 3, ""},
		{"{\"partialSuccess\":{\"rejectedDataPoints\":-3}}", 0, ""},
		{"{\"partialSuccess\":{\"rejectedLogRecords\":\"7\",\"errorMessage\":\"much too long\"}}",
		 7, "much to"},
	};
	char why[8];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(otlp_rejected(cases[i].answer, why, sizeof(why)),
				 cases[i].rejected);
		assert_string_equal(why, cases[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_may_pass_is_repeated),
		cmocka_unit_test(test_waits_double_up_to_half_a_minute),
		cmocka_unit_test(test_a_server_may_ask_for_more_up_to_five_minutes),
		cmocka_unit_test(test_what_a_partial_success_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
