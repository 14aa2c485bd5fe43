// SPDX-License-Identifier: BSD-2-Clause
#include "util/when.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

/* 2026-11-25T14:00:00Z */
#define NOW 1795615200000000ll

static void zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

static int64_t at(const char *text)
{
	int64_t us = -1;
	size_t where;

	assert_int_equal(when_parse(text, NOW, &us, &where), 0);
	return us;
}

static void forms_that_name_a_moment(void **state)
{
	(void)state;
	zone("UTC");
	assert_int_equal(at("@1795615200"), NOW);
	assert_int_equal(at("2026-11-25T14:00:00Z"), NOW);
	assert_int_equal(at("2026-11-25T15:30:00+01:30"), NOW);
	assert_int_equal(at("2026-11-25 14:00"), NOW);
	assert_int_equal(at("2026-11-25 14:00:00.25"), NOW + 250000);
	assert_int_equal(at("2026-11-25"), NOW - 14 * 3600000000ll);
	assert_int_equal(at("5m ago"), NOW - 300000000ll);
}

static void a_time_of_day_is_the_last_one(void **state)
{
	(void)state;
	zone("UTC");
	assert_int_equal(at("03:12"), at("2026-11-25T03:12:00Z"));
	assert_int_equal(at("14:00"), NOW);
	assert_int_equal(at("14:01"), at("2026-11-24T14:01:00Z"));
	assert_int_equal(at("23:59:59.5"), at("2026-11-24T23:59:59Z") + 500000);
	zone("Europe/Berlin");
	assert_int_equal(at("03:12"), at("2026-11-25T02:12:00Z"));
}

/* Berlin 2026: forward on March 29 at 2:00, back on October 25 at 3:00. */
static void nights_in_which_clocks_are_set(void **state)
{
	int64_t us;
	size_t where;

	(void)state;
	zone("Europe/Berlin");
	assert_int_equal(when_parse("2026-03-29 02:30", NOW, &us, &where), -ERANGE);
	assert_int_equal(at("2026-10-25 02:30"), at("2026-10-25T00:30:00Z"));
	assert_int_equal(at("2026-10-25 03:30"), at("2026-10-25T02:30:00Z"));
	zone("Australia/Lord_Howe");
	assert_int_equal(when_parse("2026-10-04 02:15", NOW, &us, &where), -ERANGE);
}

static void what_is_none_is_refused_where_it_goes_wrong(void **state)
{
	static const struct {
		const char *text;
		size_t at;
	} wrong[] = {{"", 0}, {"3:12", 0}, {"03:61", 5}, {"03:12x", 5}, {"yesterday", 0}, {"@x", 1},
		     {"2026-13-01", 7}, {"2026-11-25T14", 13}, {"5x ago", 1}};
	int64_t us;
	size_t where;

	(void)state;
	zone("UTC");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(when_parse(wrong[i].text, NOW, &us, &where), -EINVAL);
		assert_true(where <= wrong[i].at + 2);
	}
}

static void spans(void **state)
{
	int64_t us;
	size_t where;

	(void)state;
	assert_int_equal(when_parse_span("90", &us, &where), 0);
	assert_int_equal(us, 90000000);
	assert_int_equal(when_parse_span("2m", &us, &where), 0);
	assert_int_equal(us, 120000000);
	assert_int_equal(when_parse_span("1d", &us, &where), 0);
	assert_int_equal(us, 86400000000ll);
	assert_int_equal(when_parse_span("0", &us, &where), -EINVAL);
	assert_int_equal(when_parse_span("2x", &us, &where), -EINVAL);
	assert_int_equal(when_parse_span("99999999999999999999d", &us, &where), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_that_name_a_moment),
		cmocka_unit_test(a_time_of_day_is_the_last_one),
		cmocka_unit_test(nights_in_which_clocks_are_set),
		cmocka_unit_test(what_is_none_is_refused_where_it_goes_wrong),
		cmocka_unit_test(spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
