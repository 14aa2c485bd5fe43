// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define LIMIT 100
#define IDLE_NS 1000

static void make(struct series_table *t, uint32_t limit)
{
	const struct series_limits limits = {limit, 100000, IDLE_NS};

	series_init(t, 0, &limits, 0);
}

static struct series_group *find(struct series_table *t, const char *labels, uint64_t now_ns)
{
	return series_find(t, labels, strlen(labels), now_ns);
}

/* Of a counter's cell: all groups, other and expired. */
static uint64_t sum_of(const struct series_table *t, enum metric_id id, unsigned cell)
{
	uint64_t sum = *series_cell(&t->other.record, id, cell) + *series_cell(&t->expired, id, cell);

	for (uint32_t i = 0; i < t->used; i++)
		if (t->group[i].is_there)
			sum += *series_cell(&t->group[i].record, id, cell);
	return sum;
}

static void equal_labels_are_one_group(void **state)
{
	struct series_table t;
	struct series_group *g;

	(void)state;
	make(&t, LIMIT);
	g = find(&t, "a=\"1\"", 1);
	assert_ptr_equal(find(&t, "a=\"1\"", 2), g);
	assert_ptr_not_equal(find(&t, "a=\"2\"", 2), g);
	assert_ptr_equal(series_of_handle(&t, series_handle(&t, g)), g);
	assert_int_equal(t.count, 2);
	series_done(&t);
}

static void what_finds_no_series_goes_to_other_and_is_counted(void **state)
{
	struct series_table t;
	char text[32];

	(void)state;
	make(&t, LIMIT);
	for (unsigned i = 0; i < 3 * LIMIT; i++) {
		snprintf(text, sizeof(text), "a=\"%u\"", i);
		series_add(&t, find(&t, text, i), METRIC_IO_BYTES, CELL_TRANSMIT, 10, i);
		series_add(&t, find(&t, text, i), METRIC_IO_BYTES, CELL_RECEIVE, 1, i);
	}
	/* With the two of `other` there are no more than the limit. */
	assert_true(t.series[METRIC_IO_BYTES] + 2 <= LIMIT);
	assert_int_equal(t.series[METRIC_IO_BYTES] + t.folded[METRIC_IO_BYTES], 2 * 3 * LIMIT);
	assert_int_equal(sum_of(&t, METRIC_IO_BYTES, CELL_TRANSMIT), 3 * LIMIT * 10);
	assert_true(*series_cell(&t.other.record, METRIC_IO_BYTES, CELL_TRANSMIT) > 0);
	assert_int_equal(*series_cell(&t.total, METRIC_IO_BYTES, CELL_RECEIVE), 3 * LIMIT);
	series_done(&t);
}

static void a_quiet_group_leaves_and_comes_back_from_zero(void **state)
{
	struct series_table t;
	struct series_group *g;
	uint32_t handle;

	(void)state;
	make(&t, LIMIT);
	g = find(&t, "a=\"1\"", 0);
	handle = series_handle(&t, g);
	series_add(&t, g, METRIC_OPENED, CELL_CLIENT, 7, 0);
	series_note_live(g);
	series_tick(&t, IDLE_NS);
	assert_true(g->is_there); /* it has a live flow */
	series_tick(&t, 2 * IDLE_NS);
	assert_false(g->is_there);
	assert_null(series_of_handle(&t, handle));
	assert_int_equal(t.series[METRIC_OPENED], 0);
	assert_int_equal(*series_cell(&t.expired, METRIC_OPENED, CELL_CLIENT), 7);
	g = find(&t, "a=\"1\"", 5000);
	assert_int_equal(*series_cell(&g->record, METRIC_OPENED, CELL_CLIENT), 0);
	assert_int_equal(g->start_ns, 5000);
	assert_int_equal(*series_cell(&t.total, METRIC_OPENED, CELL_CLIENT), 7);
	series_done(&t);
}

static void a_gauge_is_what_was_added_in_the_interval(void **state)
{
	struct series_table t;
	struct series_group *g;

	(void)state;
	make(&t, LIMIT);
	g = find(&t, "", 0);
	series_add(&t, g, METRIC_CONNECTIONS, 1, 1, 0);
	series_add(&t, g, METRIC_CONNECTIONS, 1, 1, 0);
	assert_int_equal(*series_cell(&g->record, METRIC_CONNECTIONS, 1), 0);
	series_tick(&t, 1);
	assert_int_equal(*series_cell(&g->record, METRIC_CONNECTIONS, 1), 2);
	series_tick(&t, 2);
	assert_int_equal(*series_cell(&g->record, METRIC_CONNECTIONS, 1), 0);
	series_done(&t);
}

static void an_observation_on_a_bound_is_within_it(void **state)
{
	const struct metric *m = &metrics[METRIC_RTT];
	struct series_table t;
	struct series_group *g;
	uint64_t *number;

	(void)state;
	make(&t, LIMIT);
	g = find(&t, "", 0);
	number = series_cell(&g->record, METRIC_RTT, 0);
	series_observe(&t, g, METRIC_RTT, 0, 50, 0);
	series_observe(&t, g, METRIC_RTT, 0, 51, 0);
	series_observe(&t, g, METRIC_RTT, 0, 99000000, 0);
	assert_int_equal(number[0], 1);
	assert_int_equal(number[1], 1);
	assert_int_equal(number[m->bounds - 1], 1);
	assert_int_equal(number[m->bounds], 3);
	assert_int_equal(number[m->bounds + 1], 99000101);
	series_done(&t);
}

static void cells_do_not_overlap(void **state)
{
	unsigned bits = 0;

	(void)state;
	for (unsigned id = 0; id < METRIC_COUNT; id++)
		bits += metric_cells(id);
	assert_true(bits <= SERIES_CELL_BITS);
}

/* Anything may happen in any order: sums stay, counters of a series never fall. */
static void sums_stay_under_churn(void **state)
{
	static const enum metric_id ids[] = {METRIC_IO_BYTES, METRIC_OPENED, METRIC_CLOSED,
					     METRIC_RETRANS_SEGMENTS, METRIC_CONNECT};
	uint64_t real[5] = {0}, now_ns = 0;
	struct series_table t;
	char text[32];

	(void)state;
	make(&t, LIMIT);
	srandom(7);
	for (unsigned i = 0; i < 200000; i++) {
		unsigned k = (unsigned)random() % 5, n = (unsigned)random() % 1000;
		struct series_group *g;

		now_ns += (unsigned)random() % 20;
		snprintf(text, sizeof(text), "a=\"%ld\"", random() % (i % 1000 < 500 ? 50 : 5000));
		g = find(&t, text, now_ns);
		series_add(&t, g, ids[k], (unsigned)random() % metric_cells(ids[k]), n, now_ns);
		real[k] += n;
		if (!(random() % 4))
			series_note_live(g);
		if (!(random() % 100))
			series_tick(&t, now_ns);
		if (!(random() % 20000))
			series_expire_all(&t, now_ns);
		assert_true(t.series[ids[k]] <= LIMIT);
	}
	assert_true(t.expired_groups > 100);
	for (unsigned k = 0; k < 5; k++) {
		uint64_t sum = 0, total = 0;

		for (unsigned cell = 0; cell < metric_cells(ids[k]); cell++) {
			sum += sum_of(&t, ids[k], cell);
			total += *series_cell(&t.total, ids[k], cell);
		}
		assert_int_equal(sum, real[k]);
		assert_int_equal(total, real[k]);
		assert_true(t.folded[ids[k]] > 0);
	}
	series_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_labels_are_one_group),
		cmocka_unit_test(what_finds_no_series_goes_to_other_and_is_counted),
		cmocka_unit_test(a_quiet_group_leaves_and_comes_back_from_zero),
		cmocka_unit_test(a_gauge_is_what_was_added_in_the_interval),
		cmocka_unit_test(an_observation_on_a_bound_is_within_it),
		cmocka_unit_test(cells_do_not_overlap),
		cmocka_unit_test(sums_stay_under_churn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
