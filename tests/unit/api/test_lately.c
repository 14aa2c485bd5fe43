// SPDX-License-Identifier: BSD-2-Clause
#include "api/lately.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct lately lately;

static void put(uint64_t number)
{
	const struct event ev = {.head = {.id = number * 10, .kind = EV_CLOSE, .flags = EV_HAS_IDENT}};

	lately_put(&lately, number, &ev, NULL);
}

static void the_latest_are_kept(void **state)
{
	(void)state;
	lately_begin(&lately, 3);
	assert_int_equal(lately_count(&lately), 0);
	for (uint64_t n = 1; n <= 5; n++)
		put(n * 2);
	assert_int_equal(lately_count(&lately), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(lately_latest(&lately, i)->number, 10 - 2 * i);
		assert_int_equal(lately_latest(&lately, i)->ev.head.id, 100 - 20 * i);
	}
	assert_int_equal(lately.dropped, 4);
	lately_done(&lately);
}

static void what_came_after_a_number_is_found(void **state)
{
	(void)state;
	lately_begin(&lately, 4);
	assert_int_equal(lately_after(&lately, 0), 0);
	for (uint64_t n = 1; n <= 6; n++)
		put(n * 2);
	/* 6 8 10 12 are there. */
	assert_int_equal(lately_after(&lately, 0), 4);
	assert_int_equal(lately_after(&lately, 5), 4);
	assert_int_equal(lately_after(&lately, 6), 3);
	assert_int_equal(lately_after(&lately, 7), 3);
	assert_int_equal(lately_latest(&lately, lately_after(&lately, 7) - 1)->number, 8);
	assert_int_equal(lately_after(&lately, 12), 0);
	lately_done(&lately);
}

static void where_memory_is_short_nothing_is_kept_but_the_loss_is_known(void **state)
{
	(void)state;
	lately_begin(&lately, 4);
	put(1);
	put(2);
	lately_limit(&lately, 0);
	assert_int_equal(lately_count(&lately), 0);
	assert_int_equal(lately.dropped, 2);
	put(3);
	assert_int_equal(lately.dropped, 3);
	lately_limit(&lately, 100);
	assert_int_equal(lately.limit, 4);
	put(4);
	assert_int_equal(lately_count(&lately), 1);
	lately_done(&lately);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_latest_are_kept),
		cmocka_unit_test(what_came_after_a_number_is_found),
		cmocka_unit_test(where_memory_is_short_nothing_is_kept_but_the_loss_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
