// SPDX-License-Identifier: BSD-2-Clause
#include "engine/flow_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static bool is_new;

static void a_flow_is_found_until_it_is_removed(void **state)
{
	struct flow_table t;
	struct flow *f;

	(void)state;
	flow_table_init(&t, 10);
	assert_null(flow_table_find(&t, 42));
	f = flow_table_add(&t, 42, &is_new);
	assert_ptr_equal(flow_table_find(&t, 42), f);
	assert_ptr_equal(flow_table_add(&t, 42, &is_new), f);
	assert_int_equal(t.count, 1);
	flow_table_remove(&t, f);
	assert_null(flow_table_find(&t, 42));
	assert_int_equal(t.count, 0);
	flow_table_done(&t);
}

static void a_full_table_refuses_and_counts(void **state)
{
	struct flow_table t;

	(void)state;
	flow_table_init(&t, 2);
	flow_table_add(&t, 1, &is_new);
	flow_table_add(&t, 2, &is_new);
	assert_null(flow_table_add(&t, 3, &is_new));
	assert_int_equal(t.refused, 1);
	flow_table_remove(&t, flow_table_find(&t, 1));
	assert_non_null(flow_table_add(&t, 3, &is_new));
	flow_table_done(&t);
}

static uint32_t runs[8][2];
static unsigned run_count;

static void note_run(void *context, uint32_t from, uint32_t to)
{
	(void)context;
	runs[run_count][0] = from;
	runs[run_count++][1] = to;
}

static void what_is_kept_for_those_who_left_is_given_back(void **state)
{
	enum { FLOWS = 10000, LAST = 3000, LEAST = 999 };
	struct flow_table t;

	(void)state;
	flow_table_init(&t, FLOWS);
	for (uint64_t id = 1; id <= FLOWS; id++)
		flow_table_add(&t, id, &is_new)->state = 1;
	/* 1000, 2000, 2900 and 3000 stay, in the slots before these numbers. */
	for (uint64_t id = 1; id <= FLOWS; id++)
		if ((id % 1000 && id != 2900) || id > LAST)
			flow_table_remove(&t, flow_table_find(&t, id));
	flow_table_shrink(&t, LEAST, note_run, NULL);
	assert_int_equal(t.used, LAST);
	assert_int_equal(t.count, 4);
	assert_int_equal(run_count, 3);
	assert_true(runs[0][0] == LAST && runs[0][1] == FLOWS);
	assert_true(runs[1][0] == 1000 && runs[1][1] == 1999);
	assert_true(runs[2][0] == 0 && runs[2][1] == 999);
	for (uint64_t id = 1000; id <= LAST; id += 1000)
		assert_int_equal(flow_table_find(&t, id)->state, 1);
	/* The first free slots come first, and all that there are can be used. */
	assert_int_equal(flow_table_slot(&t, flow_table_add(&t, FLOWS + 1, &is_new)), 0);
	for (uint64_t id = FLOWS + 2; t.count < FLOWS; id++) {
		assert_int_equal(flow_table_add(&t, id, &is_new)->state, 0);
		assert_true(is_new);
	}
	assert_int_equal(t.used, FLOWS);
	assert_null(flow_table_add(&t, 1, &is_new));
	flow_table_done(&t);
}

/* Cookies count up, by one or two for each connection; each bucket on the way to a free one costs a look. */
static void ids_that_count_up_do_not_crowd(void **state)
{
	enum { LIMIT = 1 << 16, FLOWS = 20000, LONGEST = 24 };
	static const uint64_t strides[] = {1, 2, 3, 4, 5, 6, 7, 8, 64, 4096, 1ull << 17, 1ull << 40};

	(void)state;
	for (size_t n = 0; n < sizeof(strides) / sizeof(strides[0]); n++) {
		struct flow_table t;
		unsigned taken = 0;

		flow_table_init(&t, LIMIT);
		for (uint64_t i = 0; i < FLOWS; i++)
			flow_table_add(&t, 4096 + i * strides[n], &is_new);
		for (uint32_t b = 0; b <= t.index_mask; b++) {
			taken = t.index[b] ? taken + 1 : 0;
			assert_true(taken <= LONGEST);
		}
		flow_table_done(&t);
	}
}

/* Against a plain array: whatever is added and removed, the table answers as the array does. */
static void use_at_random(unsigned ids, unsigned limit, int steps)
{
	unsigned char *there = calloc(ids, 1);
	struct flow_table t;
	unsigned count = 0;

	srandom(1);
	flow_table_init(&t, limit);
	for (int i = 0; i < steps; i++) {
		unsigned id = (unsigned)random() % ids;
		struct flow *f = flow_table_find(&t, id + 1);

		assert_int_equal(f != NULL, there[id]);
		if (f) {
			assert_int_equal(f->id, id + 1);
			flow_table_remove(&t, f);
			there[id] = 0;
			count--;
		} else if (flow_table_add(&t, id + 1, &is_new)) {
			there[id] = 1;
			count++;
		} else {
			assert_int_equal(count, limit);
		}
		assert_int_equal(t.count, count);
	}
	flow_table_done(&t);
	free(there);
}

static void random_use_agrees_with_a_plain_array(void **state)
{
	(void)state;
	use_at_random(600, 400, 200000);
}

static void so_it_does_while_its_index_grows(void **state)
{
	(void)state;
	use_at_random(120000, 50000, 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_is_found_until_it_is_removed),
		cmocka_unit_test(a_full_table_refuses_and_counts),
		cmocka_unit_test(what_is_kept_for_those_who_left_is_given_back),
		cmocka_unit_test(ids_that_count_up_do_not_crowd),
		cmocka_unit_test(random_use_agrees_with_a_plain_array),
		cmocka_unit_test(so_it_does_while_its_index_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
