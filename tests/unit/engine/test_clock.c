// SPDX-License-Identifier: BSD-2-Clause
#include "engine/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define HOUR_NS (3600 * 1000000000ll)

static void the_offset_of_a_clock_that_goes_on_never_changes(void **state)
{
	struct clock c = {0};
	int64_t first;

	(void)state;
	assert_int_equal(clock_follow_host(&c), 0);
	first = c.realtime_offset_ns;
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(clock_follow_host(&c), 0);
		assert_true(c.realtime_offset_ns == first);
	}
}

static void a_step_is_returned_once(void **state)
{
	struct clock c = {0};

	(void)state;
	clock_follow_host(&c);
	c.realtime_offset_ns -= HOUR_NS;
	assert_true(llabs(clock_follow_host(&c) - HOUR_NS) < 100000);
	assert_int_equal(clock_follow_host(&c), 0);
}

static void the_time_is_that_of_the_host(void **state)
{
	struct clock c = {0};
	struct timespec now;
	char text[32];
	struct tm tm = {0};

	(void)state;
	clock_follow_host(&c);
	clock_format_rfc3339(&c, clock_now_ns(), text);
	clock_gettime(CLOCK_REALTIME, &now);
	assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%S", &tm));
	assert_true(llabs(timegm(&tm) - now.tv_sec) <= 1);
}

static void assert_time(struct clock *c, uint64_t time_ns, const char *wanted)
{
	char text[32];

	assert_int_equal(clock_format_rfc3339(c, time_ns, text), 27);
	assert_string_equal(text, wanted);
}

static void what_was_written_last_is_not_written_for_another_time(void **state)
{
	struct clock c = {.realtime_offset_ns = 1700000000000000000};

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_time(&c, 1000, "2023-11-14T22:13:20.000001Z");
		assert_time(&c, 1000, "2023-11-14T22:13:20.000001Z");
		assert_time(&c, 999999999, "2023-11-14T22:13:20.999999Z");
		assert_time(&c, 1000000000, "2023-11-14T22:13:21.000000Z");
	}
	c.realtime_offset_ns -= HOUR_NS;
	assert_time(&c, 1000000000, "2023-11-14T21:13:21.000000Z");
	c.realtime_offset_ns = 0;
	assert_time(&c, 0, "1970-01-01T00:00:00.000000Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_offset_of_a_clock_that_goes_on_never_changes),
		cmocka_unit_test(a_step_is_returned_once),
		cmocka_unit_test(the_time_is_that_of_the_host),
		cmocka_unit_test(what_was_written_last_is_not_written_for_another_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
