// SPDX-License-Identifier: BSD-2-Clause
#include "serve/negotiate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

enum { TEXT, OPEN, NEITHER };

static size_t choose(const char *accept)
{
	static const char *const types[] = {"text/plain;version=0.0.4",
					    "application/openmetrics-text;version=1.0.0", NULL};
	size_t n = negotiate_type(accept, types);

	return n == SIZE_MAX ? NEITHER : n;
}

static void scrapers_get_what_they_like_best(void **state)
{
	(void)state;
	/* As Prometheus 2.42 and vmagent 1.79 send it. */
	assert_int_equal(choose("application/openmetrics-text;version=1.0.0,application/"
				"openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,"
				"*/*;q=0.1"),
			 OPEN);
	assert_int_equal(choose("text/plain;version=0.0.4;q=1,*/*;q=0.1"), TEXT);
	assert_int_equal(choose("*/*"), TEXT);
	assert_int_equal(choose("application/openmetrics-text"), OPEN);
	assert_int_equal(choose("APPLICATION/OpenMetrics-Text ; version=\"1.0.0\" , text/plain;q=0.9"),
			 OPEN);
	assert_int_equal(choose("application/*, text/plain;q=0.5"), OPEN);
}

static void what_is_not_liked_is_not_given(void **state)
{
	(void)state;
	assert_int_equal(choose(NULL), NEITHER);
	assert_int_equal(choose(""), NEITHER);
	assert_int_equal(choose("text/html"), NEITHER);
	assert_int_equal(choose("text/plain;q=0"), NEITHER);
	assert_int_equal(choose("application/openmetrics-text;version=9"), NEITHER);
	assert_int_equal(choose("application/openmetrics-text;q=0, */*"), TEXT);
	assert_int_equal(choose("text/plain;version=0.0.4;q=0, */*;q=0.5"), OPEN);
}

static void strange_headers_do_no_harm(void **state)
{
	(void)state;
	assert_int_equal(choose(",;,;q=,;=;q=9,q=1,*/"), NEITHER);
	assert_int_equal(choose("text/plain;q=0.5x"), NEITHER);
	assert_int_equal(choose("text/plain;q=2"), NEITHER);
	assert_int_equal(choose("text/plain;q=-1"), NEITHER);
	assert_int_equal(choose("text/plain;q"), TEXT);
	assert_int_equal(choose("text/plain; ; ;"), TEXT);
}

static void packing_is_asked_for(void **state)
{
	(void)state;
	assert_true(negotiate_coding("gzip", "gzip"));
	assert_true(negotiate_coding("br, GZIP;q=0.1", "gzip"));
	assert_true(negotiate_coding("*", "gzip"));
	assert_false(negotiate_coding("*, gzip;q=0", "gzip"));
	assert_false(negotiate_coding("identity", "gzip"));
	assert_false(negotiate_coding("xgzip", "gzip"));
	assert_false(negotiate_coding("", "gzip"));
	assert_false(negotiate_coding(NULL, "gzip"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scrapers_get_what_they_like_best),
		cmocka_unit_test(what_is_not_liked_is_not_given),
		cmocka_unit_test(strange_headers_do_no_harm),
		cmocka_unit_test(packing_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
