// SPDX-License-Identifier: BSD-2-Clause
/* Whatever changed in an interval, the journal leads back to what was and on to what came. */
#include "screen/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TRACKS 40
#define INTERVALS 60

static struct track_hot hot[TRACKS], copy_hot[TRACKS], was_hot[INTERVALS + 1][TRACKS];
static struct track_cold cold[TRACKS], copy_cold[TRACKS], was_cold[INTERVALS + 1][TRACKS];
static uint64_t seed = 1;

static uint32_t next(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33);
}

static void scribble(void *at, size_t size)
{
	unsigned char *bytes = at;

	for (uint32_t n = next() % 30; n; n--)
		bytes[next() % size] = (unsigned char)next();
}

/* Any track may change, several times, or become all zero. */
static void change(struct journal *j)
{
	for (uint32_t n = next() % 50; n; n--) {
		uint32_t i = next() % TRACKS;
		struct track_hot h;
		struct track_cold c;

		memcpy(&h, &hot[i], sizeof(h));
		memcpy(&c, &cold[i], sizeof(c));
		if (next() % 10) {
			scribble(&h, sizeof(h));
			scribble(&c, sizeof(c));
		} else {
			memset(&h, 0, sizeof(h));
			memset(&c, 0, sizeof(c));
		}
		journal_note(j, i, &hot[i], &h, &cold[i], &c);
		memcpy(&hot[i], &h, sizeof(h));
		memcpy(&cold[i], &c, sizeof(c));
	}
}

static void run_within(struct journal *j, size_t limit, uint32_t max, uint64_t span_ns)
{
	memset(hot, 0, sizeof(hot));
	memset(cold, 0, sizeof(cold));
	memcpy(was_hot[0], hot, sizeof(hot));
	memcpy(was_cold[0], cold, sizeof(cold));
	journal_init(j, limit, max, span_ns);
	for (unsigned n = 1; n <= INTERVALS; n++) {
		change(j);
		journal_seal(j, n * 1000ull, n);
		memcpy(was_hot[n], hot, sizeof(hot));
		memcpy(was_cold[n], cold, sizeof(cold));
	}
	change(j); /* of the interval under way */
	memcpy(copy_hot, hot, sizeof(hot));
	memcpy(copy_cold, cold, sizeof(cold));
}

static void run(struct journal *j, size_t limit)
{
	run_within(j, limit, INTERVALS * 2, 0);
}

static void assert_at(unsigned n)
{
	assert_memory_equal(copy_hot, was_hot[n], sizeof(hot));
	assert_memory_equal(copy_cold, was_cold[n], sizeof(cold));
}

static void it_leads_back_and_on_again(void **state)
{
	struct journal j;

	(void)state;
	run(&j, 1 << 20);
	journal_apply(&j, INTERVALS + 1, copy_hot, copy_cold);
	assert_at(INTERVALS);
	for (unsigned n = INTERVALS; n; n--) {
		assert_int_equal(journal_time(&j, n), n * 1000);
		assert_int_equal(journal_interval(&j, n), n);
		journal_apply(&j, n, copy_hot, copy_cold);
		assert_at(n - 1);
	}
	for (unsigned n = 1; n <= INTERVALS; n++) {
		journal_apply(&j, n, copy_hot, copy_cold);
		assert_at(n);
	}
	journal_apply(&j, INTERVALS + 1, copy_hot, copy_cold);
	assert_memory_equal(copy_hot, hot, sizeof(hot));
	journal_done(&j);
}

static void some_tracks_are_led_alike(void **state)
{
	const uint32_t which[] = {3, 17, 39};
	struct track_hot some_hot[3];
	struct track_cold some_cold[3];
	struct journal j;

	(void)state;
	run(&j, 1 << 20);
	for (int i = 0; i < 3; i++) {
		memcpy(&some_hot[i], &hot[which[i]], sizeof(hot[0]));
		memcpy(&some_cold[i], &cold[which[i]], sizeof(cold[0]));
	}
	for (unsigned n = INTERVALS + 1; n; n--) {
		journal_apply_some(&j, n, which, 3, some_hot, some_cold);
		for (int i = 0; i < 3; i++) {
			assert_memory_equal(&some_hot[i], &was_hot[n - 1][which[i]],
					    sizeof(hot[0]));
			assert_memory_equal(&some_cold[i], &was_cold[n - 1][which[i]],
					    sizeof(cold[0]));
		}
	}
	journal_done(&j);
}

static void the_oldest_leave_where_memory_ends(void **state)
{
	struct journal j;

	(void)state;
	run(&j, 20000);
	assert_true(j.bytes <= 20000);
	assert_true(j.first > 1 && j.first < INTERVALS);
	assert_false(journal_has(&j, j.first - 1));
	journal_apply(&j, INTERVALS + 1, copy_hot, copy_cold);
	for (unsigned n = INTERVALS; n >= j.first; n--)
		journal_apply(&j, n, copy_hot, copy_cold);
	assert_at(j.first - 1);
	/* What is not there changes nothing. */
	journal_apply(&j, j.first - 1, copy_hot, copy_cold);
	assert_at(j.first - 1);
	journal_done(&j);
}

/* Back to the end of interval `first`, and no further. */
static void assert_reaches(struct journal *j, unsigned first)
{
	assert_int_equal(j->first, first);
	assert_true(journal_has(j, first) && !journal_has(j, first - 1));
	journal_apply(j, INTERVALS + 1, copy_hot, copy_cold);
	for (unsigned n = INTERVALS; n > first; n--)
		journal_apply(j, n, copy_hot, copy_cold);
	assert_at(first);
	journal_done(j);
}

static void the_oldest_leave_where_the_time_ends(void **state)
{
	struct journal j;

	(void)state;
	/* Interval n ends at n * 1000 ns. */
	run_within(&j, 1 << 20, INTERVALS * 2, 10000);
	assert_reaches(&j, INTERVALS - 10);
	run_within(&j, 1 << 20, INTERVALS * 2, 10999);
	assert_reaches(&j, INTERVALS - 10);
	run_within(&j, 1 << 20, 7, 0);
	assert_reaches(&j, INTERVALS - 6);
}

static void an_interval_that_does_not_fit_ends_all_memory_before_it(void **state)
{
	struct journal j;

	(void)state;
	run(&j, 200);
	for (unsigned n = 1; n <= INTERVALS; n++)
		assert_false(journal_has(&j, n) && n < j.first);
	assert_int_equal(j.last, INTERVALS);
	assert_true(j.bytes <= 200);
	/* When it was is known all the same. */
	assert_int_equal(journal_time(&j, INTERVALS), INTERVALS * 1000);
	assert_int_equal(journal_interval(&j, INTERVALS), INTERVALS);
	journal_done(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_leads_back_and_on_again),
		cmocka_unit_test(some_tracks_are_led_alike),
		cmocka_unit_test(the_oldest_leave_where_memory_ends),
		cmocka_unit_test(the_oldest_leave_where_the_time_ends),
		cmocka_unit_test(an_interval_that_does_not_fit_ends_all_memory_before_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
