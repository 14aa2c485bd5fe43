// SPDX-License-Identifier: BSD-2-Clause
#include "packet/timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define SECOND 1000000000ull
#define MINUTE (60 * SECOND)
#define T0 (1700000000 * SECOND)

static void a_stamp_is_known_from_the_line(void **state)
{
	static const uint64_t stamps[] = {0, 1, T0, TIMELINE_STAMP_MAX_NS};

	(void)state;
	for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
		struct timeline t = {.is_begun = false};
		uint64_t at = timeline_place(&t, stamps[i]);

		assert_true(at > 0);
		assert_true(at % SECOND == stamps[i] % SECOND);
		assert_true((int64_t)at + timeline_offset_ns(&t) == (int64_t)stamps[i]);
	}
}

static void disorder_is_kept(void **state)
{
	struct timeline t = {.is_begun = false};
	uint64_t first = timeline_place(&t, T0);

	(void)state;
	assert_true(timeline_place(&t, T0 + 10 * SECOND) == first + 10 * SECOND);
	assert_true(timeline_place(&t, T0 - 50 * SECOND) == first - 50 * SECOND);
	assert_true(timeline_place(&t, T0 + 11 * SECOND) == first + 11 * SECOND);
}

static void a_leap_back_goes_on_where_it_was(void **state)
{
	struct timeline t = {.is_begun = false};
	uint64_t first = timeline_place(&t, T0);

	(void)state;
	assert_true(timeline_place(&t, T0 - 5 * MINUTE) == first);
	assert_true(timeline_place(&t, T0 - 5 * MINUTE + SECOND) == first + SECOND);
	assert_true((int64_t)(first + SECOND) + timeline_offset_ns(&t) ==
		    (int64_t)(T0 - 5 * MINUTE + SECOND));
}

/* Nanoseconds of a stamp are cut off on the line as they would be for itself. */
static void a_leap_rounds_nothing_anew(void **state)
{
	static const uint64_t stamps[] = {T0 + 999, T0 - 5 * MINUTE + 1, T0 - 4 * MINUTE + 998,
					  T0 + 60 * MINUTE + 1, T0 - 7 * MINUTE + 500};
	struct timeline t = {.is_begun = false};

	(void)state;
	for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++)
		assert_true(timeline_place(&t, stamps[i]) % 1000 == stamps[i] % 1000);
}

static void a_gap_is_as_long_as_it_is(void **state)
{
	struct timeline t = {.is_begun = false};
	uint64_t first = timeline_place(&t, T0);

	(void)state;
	assert_true(timeline_place(&t, 2 * T0) == first + T0);
}

/* One damaged stamp, or packets of two clocks that alternate: the line does not run away. */
static void leaps_ahead_and_back_cancel(void **state)
{
	struct timeline t = {.is_begun = false};
	uint64_t first = timeline_place(&t, T0), at = 0;

	(void)state;
	for (unsigned int i = 1; i <= 1000; i++) {
		timeline_place(&t, T0 + 365 * 24 * 60 * MINUTE);
		at = timeline_place(&t, T0 + i * SECOND);
	}
	assert_true(at <= first + 366 * 24 * 60 * MINUTE);
}

static void no_stamps_make_it_overflow(void **state)
{
	struct timeline t = {.is_begun = false};

	(void)state;
	srandom(8);
	for (int i = 0; i < 1000000; i++) {
		uint64_t stamp = ((uint64_t)random() << 31 ^ (uint64_t)random()) %
				 (TIMELINE_STAMP_MAX_NS + 1);

		if (random() % 4)
			stamp = t.latest_ns + (uint64_t)random() % MINUTE;
		if (stamp > TIMELINE_STAMP_MAX_NS)
			stamp = 0;
		assert_true(timeline_place(&t, stamp) <= INT64_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stamp_is_known_from_the_line),
		cmocka_unit_test(disorder_is_kept),
		cmocka_unit_test(a_leap_back_goes_on_where_it_was),
		cmocka_unit_test(a_leap_rounds_nothing_anew),
		cmocka_unit_test(a_gap_is_as_long_as_it_is),
		cmocka_unit_test(leaps_ahead_and_back_cancel),
		cmocka_unit_test(no_stamps_make_it_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
