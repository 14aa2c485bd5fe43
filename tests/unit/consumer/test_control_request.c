// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/control_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static bool take(struct control_request *r, const char *text)
{
	return control_request_take(r, text, strlen(text));
}

static enum control_wish wish_of(const char *text)
{
	struct control_request r = {0};

	take(&r, text);
	return control_request_wish(&r);
}

static void test_only_refresh_is_refresh(void **state)
{
	static const char *const other[] = {"GET\r\n",	  "\n",		 "",	     "refresh\n",
					    "REFRESHED\n", "RE FRESH\n", "REFRES\n", "X REFRESH\n"};

	(void)state;
	assert_int_equal(wish_of("REFRESH\r\n"), CONTROL_REFRESH);
	assert_int_equal(wish_of("REFRESH\n"), CONTROL_REFRESH);
	assert_int_equal(wish_of(" \t REFRESH \v\f\r\n"), CONTROL_REFRESH);
	assert_int_equal(wish_of("REFRESH\nGET\n"), CONTROL_REFRESH);
	assert_int_equal(wish_of("REFRESH"), CONTROL_REFRESH);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		assert_int_equal(wish_of(other[i]), CONTROL_GET);
}

static void test_it_is_whole_at_the_line_feed(void **state)
{
	struct control_request r = {0};

	(void)state;
	assert_false(take(&r, "REF"));
	assert_false(take(&r, ""));
	assert_false(take(&r, "RESH\r"));
	assert_true(take(&r, "\nmore"));
	assert_true(take(&r, "and more\n"));
	assert_int_equal(control_request_wish(&r), CONTROL_REFRESH);
}

static void test_it_is_whole_at_its_greatest_length(void **state)
{
	struct control_request r = {0};
	char text[CONTROL_REQUEST_MAX + 10];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_false(control_request_take(&r, text, CONTROL_REQUEST_MAX - 1));
	assert_true(control_request_take(&r, text, 10));
	assert_int_equal(r.len, CONTROL_REQUEST_MAX);
}

static void test_a_nul_is_a_byte_like_others(void **state)
{
	struct control_request r = {0};

	(void)state;
	assert_true(control_request_take(&r, "REFRESH\0\n", 9));
	assert_int_equal(control_request_wish(&r), CONTROL_GET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_refresh_is_refresh),
		cmocka_unit_test(test_it_is_whole_at_the_line_feed),
		cmocka_unit_test(test_it_is_whole_at_its_greatest_length),
		cmocka_unit_test(test_a_nul_is_a_byte_like_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
