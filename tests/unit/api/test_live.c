// SPDX-License-Identifier: BSD-2-Clause
#include "api/live.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "engine/consumer.h"
#include "engine/flow_table.h"

#define S 1000000000ull
#define BEGAN (100 * S)

static struct live live;
static struct flow flow[4];

static void begin(uint32_t trails)
{
	live_begin(&live, 8, trails);
	for (uint32_t i = 0; i < 4; i++) {
		flow[i] = (struct flow){.id = i + 1, .state = i == 3 ? ST_LISTEN : ST_ESTABLISHED};
		live_open(&live, i, &flow[i]);
	}
}

static void moves(uint32_t slot, uint64_t tx, uint64_t rx)
{
	const struct news news = {.flow = &flow[slot],
				  .count = {.tx_bytes = tx, .rx_bytes = rx, .srtt_us = 50}};

	live_news(&live, slot, &news);
}

static void tick(uint64_t second)
{
	live_tick(&live, BEGAN + second * S, BEGAN);
}

static void what_moved_is_that_of_the_last_interval(void **state)
{
	(void)state;
	begin(4);
	assert_int_equal(live.flows, 3);
	assert_int_equal(live.listeners, 1);
	moves(0, 10, 1);
	tick(1);
	assert_int_equal(live.interval_us, 1000000);
	assert_int_equal(live_moved(&live, 0).tx_bytes, 10);
	assert_int_equal(live_moved(&live, 1).tx_bytes, 0);
	moves(1, 7, 0);
	tick(3);
	assert_int_equal(live.interval_us, 2000000);
	assert_int_equal(live_moved(&live, 0).tx_bytes, 0);
	assert_int_equal(live_moved(&live, 1).tx_bytes, 7);
	live_done(&live);
}

static void a_trail_has_a_point_for_each_step(void **state)
{
	struct trail_point p[TRAIL_POINTS];

	(void)state;
	begin(4);
	tick(5);
	moves(0, 100, 1);
	moves(0, 100, 1);
	tick(6);
	assert_int_equal(live_trail(&live, 0, p), 0);
	tick(12);
	moves(0, 5, 0);
	tick(20);
	/* From step 1 on, in which it moved first. */
	assert_int_equal(live_trail(&live, 0, p), 3);
	assert_true(p[0].tx_bytes == 200 && p[0].rx_bytes == 2 && p[0].srtt_us == 50);
	assert_true(p[1].tx_bytes == 5 && p[2].tx_bytes == 0 && p[2].srtt_us == 50);
	assert_int_equal(live_trail(&live, 1, p), 0);
	/* Long after, there are the latest five minutes, in which nothing moved. */
	tick(5 * TRAIL_STEP_S * TRAIL_POINTS);
	assert_int_equal(live_trail(&live, 0, p), TRAIL_POINTS);
	for (size_t i = 0; i < TRAIL_POINTS; i++)
		assert_true(p[i].tx_bytes == 0 && p[i].srtt_us == 50);
	live_done(&live);
}

static void a_trail_that_goes_on_keeps_the_latest_points(void **state)
{
	struct trail_point p[TRAIL_POINTS];

	(void)state;
	begin(1);
	for (uint64_t step = 0; step < 3 * TRAIL_POINTS; step++) {
		moves(0, step, 0);
		tick((step + 1) * TRAIL_STEP_S);
	}
	assert_int_equal(live_trail(&live, 0, p), TRAIL_POINTS);
	for (size_t i = 0; i < TRAIL_POINTS; i++)
		assert_true(p[i].tx_bytes == (float)(2 * TRAIL_POINTS + i));
	live_done(&live);
}

static void trails_come_from_a_pool(void **state)
{
	struct trail_point p[TRAIL_POINTS];

	(void)state;
	begin(1);
	moves(0, 1, 1);
	moves(1, 1, 1);
	assert_int_equal(live.trails_refused, 1);
	live_close(&live, 0, &flow[0]);
	assert_int_equal(live.flows, 2);
	moves(2, 9, 9);
	tick(5);
	assert_int_equal(live_trail(&live, 2, p), 1);
	assert_true(p[0].tx_bytes == 9);
	live_done(&live);
}

static void a_pool_that_is_cut_down_keeps_its_first_trails(void **state)
{
	struct trail_point p[TRAIL_POINTS];

	(void)state;
	begin(3);
	moves(0, 1, 0);
	moves(1, 2, 0);
	moves(2, 3, 0);
	live_close(&live, 0, &flow[0]);
	live_limit_trails(&live, 2);
	tick(5);
	assert_int_equal(live_trail(&live, 1, p), 1);
	assert_true(p[0].tx_bytes == 2);
	assert_int_equal(live_trail(&live, 2, p), 0);
	/* The place that was free is found. */
	moves(2, 4, 0);
	tick(10);
	assert_int_equal(live_trail(&live, 2, p), 1);
	assert_true(p[0].tx_bytes == 4);
	assert_int_equal(live.trails_refused, 0);
	live_limit_trails(&live, 3);
	assert_int_equal(live.trails_limit, 3);
	live_done(&live);
}

static void a_slot_is_another_flow_after_its_close(void **state)
{
	struct flow other = {.id = 77, .state = ST_ESTABLISHED};

	(void)state;
	begin(4);
	moves(0, 5, 5);
	live_close(&live, 0, &flow[0]);
	moves(0, 5, 5);
	live_open(&live, 0, &other);
	tick(1);
	assert_int_equal(live.flow[0].id, 77);
	assert_int_equal(live_moved(&live, 0).tx_bytes, 0);
	/* Of the flow that found no place in the table nothing is kept. */
	live_open(&live, 8, &flow[0]);
	assert_int_equal(live.flows, 3);
	live_done(&live);
}

static bool then(const struct live_left *left, uint32_t step, float tx)
{
	struct trail_point p = {.tx_bytes = 4242};

	return live_left_then(&live, left, step, &p) && p.tx_bytes == tx;
}

static void what_moved_in_an_earlier_step_is_known_after_the_close(void **state)
{
	struct trail_point p;
	struct live_left left;

	(void)state;
	begin(4);
	tick(5);
	moves(0, 100, 0);
	tick(10);
	moves(0, 7, 0);
	tick(20);
	assert_true(live_then(&live, 0, 1, &p) && p.tx_bytes == 100);
	assert_true(live_then(&live, 0, 0, &p) && p.tx_bytes == 0);
	/* Nothing is no riddle either. */
	assert_true(live_then(&live, 1, 1, &p) && p.tx_bytes == 0);
	left = live_close(&live, 0, &flow[0]);
	assert_int_equal(left.step, 4);
	assert_true(then(&left, 0, 0) && then(&left, 1, 100) && then(&left, 2, 7) && then(&left, 3, 0));
	live_done(&live);
}

static void a_short_flow_leaves_no_trail(void **state)
{
	struct live_left left;

	(void)state;
	begin(4);
	tick(5);
	moves(0, 100, 0);
	left = live_close(&live, 0, &flow[0]);
	assert_int_equal(left.trail, 0);
	/* Its totals, which the caller has, are of that step. */
	assert_true(then(&left, 1, 4242) && then(&left, 0, 0));
	assert_int_equal(live.left_count, 0);
	/* What an adopted one moved before is not of the step. */
	flow[1].ident.seen = SEEN_ADOPTED;
	moves(1, 30, 0);
	left = live_close(&live, 1, &flow[1]);
	assert_true(left.trail && then(&left, 1, 30));
	live_done(&live);
}

static void one_that_was_only_seen_to_close_is_of_that_step(void **state)
{
	struct flow brief = {.id = 70, .ident.open_ns = BEGAN + 11 * S}, old = {.id = 71, .ident.open_ns = BEGAN};
	struct live_left left;

	(void)state;
	begin(4);
	tick(11);
	tick(12);
	left = live_close(&live, 8, &brief);
	assert_true(then(&left, 2, 4242) && then(&left, 1, 0));
	left = live_close(&live, 8, &old);
	assert_false(live_left_then(&live, &left, 2, &(struct trail_point){0}));
	brief.ident.seen = SEEN_ADOPTED;
	assert_true(live_close(&live, 8, &brief).is_untold);
	live_done(&live);
}

static void those_that_closed_make_room(void **state)
{
	struct live_left left[3];
	struct trail_point p;

	(void)state;
	begin(4);
	for (uint32_t i = 0; i < 3; i++)
		moves(i, 10 + i, 0);
	tick(5);
	for (uint32_t i = 0; i < 3; i++)
		left[i] = live_close(&live, i, &flow[i]);
	/* Half of the pool is theirs: the first has gone. */
	assert_int_equal(live.left_count, 2);
	assert_false(live_left_then(&live, &left[0], 0, &p));
	assert_true(then(&left[1], 0, 11) && then(&left[2], 0, 12));
	for (uint32_t i = 0; i < 3; i++) {
		flow[i].id = 50 + i;
		live_open(&live, i, &flow[i]);
		moves(i, 1, 0);
	}
	/* The third took the place of the one that closed first. */
	assert_false(live_left_then(&live, &left[1], 0, &p));
	assert_true(then(&left[2], 0, 12));
	assert_int_equal(live.trails_refused, 0);
	live_done(&live);
}

static void what_found_no_place_is_not_known(void **state)
{
	struct trail_point p;
	struct live_left left;

	(void)state;
	begin(1);
	moves(0, 1, 0);
	moves(1, 1, 0);
	tick(5);
	assert_true(live_then(&live, 0, 0, &p));
	assert_false(live_then(&live, 1, 0, &p));
	left = live_close(&live, 1, &flow[1]);
	assert_false(live_left_then(&live, &left, 0, &p));
	live_done(&live);
}

static void the_present_step_does_not_show_as_the_first(void **state)
{
	struct trail_point p[TRAIL_POINTS];

	(void)state;
	begin(1);
	for (uint64_t step = 0; step <= TRAIL_POINTS; step++) {
		tick(step * TRAIL_STEP_S);
		moves(0, 100 + step, 0);
	}
	assert_int_equal(live_trail(&live, 0, p), TRAIL_POINTS - 1);
	assert_true(p[0].tx_bytes == 101 && p[TRAIL_POINTS - 2].tx_bytes == 100 + TRAIL_POINTS - 1);
	live_done(&live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_moved_is_that_of_the_last_interval),
		cmocka_unit_test(a_trail_has_a_point_for_each_step),
		cmocka_unit_test(a_trail_that_goes_on_keeps_the_latest_points),
		cmocka_unit_test(trails_come_from_a_pool),
		cmocka_unit_test(a_pool_that_is_cut_down_keeps_its_first_trails),
		cmocka_unit_test(a_slot_is_another_flow_after_its_close),
		cmocka_unit_test(what_moved_in_an_earlier_step_is_known_after_the_close),
		cmocka_unit_test(a_short_flow_leaves_no_trail),
		cmocka_unit_test(one_that_was_only_seen_to_close_is_of_that_step),
		cmocka_unit_test(those_that_closed_make_room),
		cmocka_unit_test(what_found_no_place_is_not_known),
		cmocka_unit_test(the_present_step_does_not_show_as_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
