// SPDX-License-Identifier: BSD-2-Clause
#include "app/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define S 1000000000ull
#define MS 1000000ull

/* Seconds with one interval each, or one each `step`, of which a share is used; how often the floor
 * changed. */
static unsigned run(struct budget *b, uint64_t *now, uint64_t *cpu, unsigned seconds, unsigned step,
		    unsigned used_permille)
{
	unsigned changes = 0;

	for (unsigned i = 0; i < seconds; i += step) {
		*now += step * S;
		*cpu += step * used_permille * MS;
		changes += budget_take(b, *now, *cpu, 20);
	}
	return changes;
}

static void test_it_slows_after_a_minute_and_comes_back(void **state)
{
	struct budget b = {.finest_ns = S};
	uint64_t now = 1000 * S, cpu = 5 * S;

	(void)state;
	budget_begin(&b, now, cpu);
	assert_int_equal(run(&b, &now, &cpu, 59, 1, 50), 0);
	assert_int_equal(run(&b, &now, &cpu, 1, 1, 50), 1);
	assert_int_equal(b.floor_ns, 2 * S);
	/* Each step is judged over a minute of its own; beyond 16 s there is none. */
	assert_int_equal(run(&b, &now, &cpu, 58, 2, 50), 0);
	assert_int_equal(run(&b, &now, &cpu, 2, 2, 50), 1);
	assert_int_equal(b.floor_ns, 4 * S);
	assert_int_equal(run(&b, &now, &cpu, 600, 4, 50), 2);
	assert_int_equal(b.floor_ns, 16 * S);
	assert_int_equal(b.slowed, 4);
	/* Five minutes within it: a step back, and so on to what was asked for. */
	budget_begin(&b, now, cpu);
	assert_int_equal(run(&b, &now, &cpu, 299, 1, 10), 0);
	assert_int_equal(run(&b, &now, &cpu, 1, 1, 10), 1);
	assert_int_equal(b.floor_ns, 8 * S);
	assert_int_equal(run(&b, &now, &cpu, 900, 1, 10), 3);
	assert_int_equal(b.floor_ns, 0);
	assert_int_equal(run(&b, &now, &cpu, 900, 1, 10), 0);
	assert_int_equal(b.slowed, 4);
}

static void test_what_is_within_changes_nothing(void **state)
{
	struct budget b = {.finest_ns = S}, none = {.finest_ns = UINT64_MAX};
	uint64_t now = S, cpu = 0;

	(void)state;
	budget_begin(&b, now, cpu);
	assert_int_equal(run(&b, &now, &cpu, 10000, 1, 20), 0);
	/* A busy half minute after a quiet one is within the budget. */
	assert_int_equal(run(&b, &now, &cpu, 60, 1, 0), 0);
	assert_int_equal(run(&b, &now, &cpu, 30, 1, 39), 0);
	budget_begin(&none, now, cpu);
	assert_int_equal(run(&none, &now, &cpu, 1000, 1, 900), 0);
	assert_false(budget_take(&b, now + 3600 * S, cpu + 3600 * S, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_slows_after_a_minute_and_comes_back),
		cmocka_unit_test(test_what_is_within_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
