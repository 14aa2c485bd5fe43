// SPDX-License-Identifier: BSD-2-Clause
#include "engine/group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static void equal_keys_are_one_group(void **state)
{
	struct group_key a = {.lport = 80}, b = {.rport = 80};
	struct ev_count delta = {.tx_bytes = 5, .rx_bytes = 7, .retrans_segs = 1};
	struct group_table t;
	struct group *g;

	(void)state;
	group_table_init(&t, 10, sizeof(uint64_t));
	g = group_table_add(&t, &a);
	*(uint64_t *)group_payload(&t, g) += 3;
	group_count(g, &delta);
	assert_ptr_not_equal(group_table_add(&t, &b), g);
	assert_ptr_equal(group_table_add(&t, &a), g);
	group_count(g, &delta);
	assert_int_equal(g->flows, 2);
	assert_int_equal(g->count.tx_bytes, 10);
	assert_int_equal(g->count.rx_bytes, 14);
	assert_int_equal(g->count.retrans_segs, 2);
	group_table_clear(&t);
	g = group_table_add(&t, &a);
	assert_int_equal(g->count.tx_bytes, 0);
	assert_int_equal(*(uint64_t *)group_payload(&t, g), 0);
	group_table_done(&t);
}

static void a_full_table_refuses_counts_and_is_empty_after_clear(void **state)
{
	enum { LIMIT = 500 };
	struct group_table t;

	(void)state;
	group_table_init(&t, LIMIT, 0);
	for (int round = 0; round < 3; round++) {
		struct group_key key = {.number = 0};

		for (uint32_t i = 0; i < LIMIT; i++) {
			key.number = i * 7919 + (uint32_t)round;
			assert_non_null(group_table_add(&t, &key));
		}
		key.number = 1000000000;
		assert_null(group_table_add(&t, &key));
		assert_int_equal(t.refused, round + 1);
		group_table_clear(&t);
		for (uint32_t b = 0; b <= t.index_mask; b++)
			assert_int_equal(t.index[b], 0);
	}
	group_table_done(&t);
}

/* Against a plain array: whatever is added and removed, the table answers as the array does. */
static void random_removal_agrees_with_a_plain_array(void **state)
{
	enum { KEYS = 300, STEPS = 20000 };
	static uint64_t want[KEYS];
	struct group_table t;

	(void)state;
	srandom(1);
	group_table_init(&t, KEYS, sizeof(uint64_t));
	for (uint64_t i = 1; i <= STEPS; i++) {
		unsigned n = (unsigned)random() % KEYS;
		struct group_key key = {.number = n, .lport = 1};
		struct group *g = group_table_add(&t, &key);
		uint64_t *payload = group_payload(&t, g);

		assert_int_equal(*payload, want[n]);
		want[n] = random() % 2 ? i : 0;
		*payload = want[n];
		if (!want[n])
			group_table_remove(&t, g);
	}
	group_table_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_keys_are_one_group),
		cmocka_unit_test(a_full_table_refuses_counts_and_is_empty_after_clear),
		cmocka_unit_test(random_removal_agrees_with_a_plain_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
