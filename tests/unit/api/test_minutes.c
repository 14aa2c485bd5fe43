// SPDX-License-Identifier: BSD-2-Clause
#include "api/minutes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct minutes minutes;

static void within_5_percent(uint32_t got, uint32_t truth)
{
	double ratio = (double)got / truth;

	if ((ratio < 0.95 || ratio > 1.05) && got != truth + 1)
		fail_msg("%u is not within 5 %% or 1 of %u", got, truth);
}

static void percentiles_are_near_the_truth(void **state)
{
	(void)state;
	minutes_begin(&minutes);
	for (uint32_t us = 1000; us <= 100000; us++)
		minutes_add(&minutes, &(struct ev_count){.srtt_us = us, .tx_bytes = 1});
	minutes_tick(&minutes, 1, 1000000, 3);
	within_5_percent(minutes_latest(&minutes, 0)->rtt_p50_us, 50500);
	within_5_percent(minutes_latest(&minutes, 0)->rtt_p95_us, 95050);
	within_5_percent(minutes_latest(&minutes, 0)->rtt_p99_us, 99010);
	assert_int_equal(minutes_latest(&minutes, 0)->tx_bytes, 99001);
	/* The next second begins with nothing. */
	minutes_tick(&minutes, 2, 1000000, 3);
	assert_int_equal(minutes_latest(&minutes, 0)->rtt_p50_us, 0);
	assert_int_equal(minutes_latest(&minutes, 0)->tx_bytes, 0);
}

static void every_round_trip_has_its_step(void **state)
{
	(void)state;
	minutes_begin(&minutes);
	for (uint64_t us = 16; us <= UINT32_MAX; us += us / 3 + 1) {
		minutes_add(&minutes, &(struct ev_count){.srtt_us = (uint32_t)us});
		minutes_tick(&minutes, 1, 1000000, 0);
		within_5_percent(minutes_latest(&minutes, 0)->rtt_p99_us, (uint32_t)us);
	}
}

static void the_latest_five_minutes_are_kept(void **state)
{
	(void)state;
	minutes_begin(&minutes);
	for (uint64_t i = 1; i <= MINUTES_POINTS + 10; i++)
		minutes_tick(&minutes, i, 1000000, 0);
	assert_int_equal(minutes_count(&minutes), MINUTES_POINTS);
	assert_int_equal(minutes_latest(&minutes, 0)->time_ns, MINUTES_POINTS + 10);
	assert_int_equal(minutes_latest(&minutes, MINUTES_POINTS - 1)->time_ns, 11);
	minutes_limit(&minutes, MINUTES_POINTS / 2);
	assert_int_equal(minutes_count(&minutes), 0);
	for (uint64_t i = 1; i <= MINUTES_POINTS; i++)
		minutes_tick(&minutes, i, 1000000, 0);
	assert_int_equal(minutes_count(&minutes), MINUTES_POINTS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_near_the_truth),
		cmocka_unit_test(every_round_trip_has_its_step),
		cmocka_unit_test(the_latest_five_minutes_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
