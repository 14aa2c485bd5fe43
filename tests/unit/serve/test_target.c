// SPDX-License-Identifier: BSD-2-Clause
#include "serve/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void a_target_is_taken_apart_and_decoded(void **state)
{
	struct target t;

	(void)state;
	assert_null(target_parse("/api/v1/flows?filter=port%20443+and&limit=2&empty=&bare", &t));
	assert_string_equal(t.path, "/api/v1/flows");
	assert_string_equal(target_find(&t, "filter"), "port 443 and");
	assert_string_equal(target_find(&t, "limit"), "2");
	assert_string_equal(target_find(&t, "empty"), "");
	assert_string_equal(target_find(&t, "bare"), "");
	assert_null(target_find(&t, "lim"));
	target_done(&t);
	assert_null(target_parse("/a%2Fb+c", &t));
	assert_string_equal(t.path, "/a/b+c");
	assert_null(target_find(&t, ""));
	target_done(&t);
}

static void what_is_no_target_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",	       "*",	     "http://h/", "a",	       "/a b",	      "/%",	  "/%4",
		"/%4x",	       "/%00",	     "/a#b",	  "/\x80",     "/?a=%00",     "/?a=%ff",  "/%ff",
		"/?a=%c0%80",  "/%0a",	     "/%7f",	  "/?a=1&a=2", "/?%61=1&a=2", "/?a=%zz",
	};
	struct target t;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (!target_parse(wrong[i], &t))
			fail_msg("taken: %s", wrong[i]);
		target_done(&t);
	}
}

static void parameters_are_counted(void **state)
{
	char text[1024] = "/?";
	struct target t;

	(void)state;
	for (int i = 0; i < TARGET_PARAMETERS_MAX; i++)
		strcat(text, (const char[]){'p', (char)('a' + i / 26), (char)('a' + i % 26), '&', '\0'});
	assert_null(target_parse(text, &t));
	assert_int_equal(t.parameters, TARGET_PARAMETERS_MAX);
	target_done(&t);
	strcat(text, "more");
	assert_non_null(target_parse(text, &t));
	target_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_is_taken_apart_and_decoded),
		cmocka_unit_test(what_is_no_target_is_refused),
		cmocka_unit_test(parameters_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
