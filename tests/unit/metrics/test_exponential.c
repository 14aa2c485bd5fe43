// SPDX-License-Identifier: BSD-2-Clause
/* Exponential histograms, against buckets that are searched for by their bounds. */
#include "metrics/exponential.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static int scale_of(const struct exponential *e)
{
	return EXPONENTIAL_SCALE - (int)e->halved;
}

static uint64_t in_buckets(const struct exponential *e)
{
	uint64_t sum = e->zeros;

	for (uint64_t i = 0; i < EXPONENTIAL_BUCKETS; i++) {
		sum += e->bucket[i];
		assert_true(i < e->used || !e->bucket[i]);
	}
	return sum;
}

/* Each of `us` lies in a bucket: those up to any bound are as many as the buckets up to it hold. */
static void check(const struct exponential *e, const uint64_t *us, size_t count)
{
	uint64_t below = e->zeros, sum = 0;
	double width = ldexp(1, -scale_of(e));

	assert_in_range(e->used, 0, EXPONENTIAL_BUCKETS);
	assert_int_equal(e->count, count);
	assert_int_equal(in_buckets(e), count);
	for (size_t i = 0; i < count; i++)
		sum += us[i];
	assert_int_equal(e->sum_us, sum);
	for (uint64_t b = 0; b < e->used; b++) {
		double bound = exp2(width * (double)(e->first + (int64_t)b + 1));
		uint64_t found = 0;

		below += e->bucket[b];
		for (size_t i = 0; i < count; i++)
			found += (double)us[i] / 1e6 <= bound;
		assert_int_equal(below, found);
	}
}

static void bounds_are_inclusive_above(void **state)
{
	/* Powers of two of a second, and what is next to them. */
	static const uint64_t us[] = {500000, 1000000, 2000000, 250000, 500001, 499999, 0, 15625};
	struct exponential e = {.count = 0};

	(void)state;
	exponential_observe(&e, 1000000);
	assert_int_equal(e.first, -1);
	exponential_observe(&e, 1000001);
	assert_int_equal(e.used, 2);
	e = (struct exponential){.count = 0};
	for (size_t i = 0; i < sizeof(us) / sizeof(us[0]); i++)
		exponential_observe(&e, us[i]);
	check(&e, us, sizeof(us) / sizeof(us[0]));
}

static uint64_t by_chance(unsigned bits)
{
	uint64_t n = (uint64_t)lrand48() << 31 ^ (uint64_t)lrand48();

	return n >> (62 - lrand48() % bits);
}

static void the_scale_falls_as_far_as_it_must(void **state)
{
	static const unsigned bits[] = {4, 18, 24, 40, 60};
	uint64_t us[300];

	(void)state;
	srand48(7);
	for (size_t k = 0; k < sizeof(bits) / sizeof(bits[0]); k++) {
		struct exponential e = {.count = 0};

		for (size_t i = 0; i < 300; i++) {
			us[i] = by_chance(bits[k]);
			exponential_observe(&e, us[i]);
		}
		check(&e, us, 300);
		assert_true(bits[k] > 18 || scale_of(&e) == EXPONENTIAL_SCALE);
		assert_true(scale_of(&e) >= 1);
	}
}

static void two_become_one(void **state)
{
	uint64_t us[200];

	(void)state;
	srand48(8);
	for (unsigned round = 0; round < 20; round++) {
		struct exponential one = {.count = 0}, other = {.count = 0};

		for (size_t i = 0; i < 200; i++) {
			us[i] = by_chance(i % 2 ? 12 : 55) * (round % 4 != 0 || i % 2);
			exponential_observe(i % 2 ? &one : &other, us[i]);
		}
		if (round % 2)
			exponential_merge(&one, &other);
		else
			exponential_merge(&other, &one);
		check(round % 2 ? &one : &other, us, 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_are_inclusive_above),
		cmocka_unit_test(the_scale_falls_as_far_as_it_must),
		cmocka_unit_test(two_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
