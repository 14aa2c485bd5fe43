// SPDX-License-Identifier: BSD-2-Clause
#include "engine/counter.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/column.h"

static int64_t now[COUNTER_COUNT], then[COUNTER_COUNT];

static void read_event(const struct event *ev, bool closed, int64_t *ret)
{
	const struct reading reading = {
		.state = ev->head.state,
		.role = ev->ident.role,
		.closed = closed,
		.error = reading_error(&ev->head),
		.count = &ev->count,
		.extra = &ev->extra,
	};

	counter_read(&reading, ret);
}

static struct event connecting(uint8_t state)
{
	struct event ev = {.ident.role = ROLE_CONNECT, .extra.segs_out = 1};

	ev.head.state = state;
	return ev;
}

static void a_connect_without_a_syn_is_no_attempt(void **state)
{
	struct event ev = connecting(ST_SYN_SENT);

	(void)state;
	read_event(&ev, false, now);
	assert_int_equal(now[COUNTER_active_opens], 1);
	ev.extra.segs_out = 0;
	ev.head.error = EADDRNOTAVAIL;
	read_event(&ev, true, now);
	assert_int_equal(now[COUNTER_active_opens], 0);
	assert_int_equal(now[COUNTER_attempt_fails], 0);
}

static void only_errors_fail_an_attempt(void **state)
{
	struct event ev = connecting(ST_SYN_SENT);

	(void)state;
	read_event(&ev, true, now);
	assert_int_equal(now[COUNTER_attempt_fails], 0);
	ev.head.error = ECONNREFUSED;
	read_event(&ev, true, now);
	assert_int_equal(now[COUNTER_attempt_fails], 1);
	/* It was told of an error, and closed the socket itself. */
	ev.head.flags = EV_SOFT_ERROR;
	read_event(&ev, true, now);
	assert_int_equal(now[COUNTER_attempt_fails], 0);
	ev.head.flags = 0;
	ev.head.state = ST_ESTABLISHED;
	read_event(&ev, true, now);
	assert_int_equal(now[COUNTER_attempt_fails], 0);
	assert_int_equal(now[COUNTER_estab_resets], 1);
}

static void the_syn_ack_of_an_accepted_connection_counts(void **state)
{
	struct event ev = {.ident.role = ROLE_ACCEPT, .extra.segs_out = 5, .count.retrans_segs = 2};

	(void)state;
	ev.head.state = ST_ESTABLISHED;
	read_event(&ev, false, now);
	assert_int_equal(now[COUNTER_out_segs], 4);
	assert_int_equal(now[COUNTER_passive_opens], 1);
	assert_int_equal(now[COUNTER_curr_estab], 1);
}

static void sums_never_go_back_and_levels_do(void **state)
{
	struct counters sum = {0};

	(void)state;
	memset(now, 0, sizeof(now));
	memset(then, 0, sizeof(then));
	then[COUNTER_bytes_sent] = 100;
	now[COUNTER_bytes_sent] = 90;
	assert_false(counter_grew(now, then));
	assert_int_equal(now[COUNTER_bytes_sent], 100);
	then[COUNTER_curr_estab] = 1;
	assert_true(counter_grew(now, then));
	counter_add(&sum, now, then, false);
	assert_int_equal(sum.value[COUNTER_curr_estab], -1);
	assert_int_equal(sum.value[COUNTER_bytes_sent], 0);
}

static void gauges_are_the_last_of_one_socket_and_the_largest_of_many(void **state)
{
	struct counters sum = {0};

	(void)state;
	memset(now, 0, sizeof(now));
	memset(then, 0, sizeof(then));
	now[COUNTER_cwnd] = 40;
	assert_false(counter_grew(now, then));
	counter_add(&sum, now, then, true);
	now[COUNTER_cwnd] = 10;
	counter_add(&sum, now, then, false);
	assert_int_equal(sum.value[COUNTER_cwnd], 40);
	counter_add(&sum, now, then, true);
	assert_int_equal(sum.value[COUNTER_cwnd], 10);
}

static void a_listener_has_queues_and_drops_only(void **state)
{
	struct event ev = {.extra.drops = 9, .extra.backlog = 3, .extra.backlog_max = 2,
			   .extra.segs_in = 77};

	(void)state;
	ev.head.state = ST_LISTEN;
	read_event(&ev, false, now);
	assert_int_equal(now[COUNTER_listen_drops], 9);
	assert_int_equal(now[COUNTER_backlog], 3);
	assert_int_equal(now[COUNTER_backlog_max], 2);
	assert_int_equal(now[COUNTER_in_segs], 0);
	assert_int_equal(now[COUNTER_passive_opens], 0);
}

static void each_counter_is_a_column_of_the_same_needs(void **state)
{
	(void)state;
	for (int i = 0; i < COUNTER_COUNT; i++) {
		const struct column *c = column_find(counters[i].name, strlen(counters[i].name));

		assert_non_null(c);
		assert_int_equal(c->needs, counters[i].needs);
		assert_true(counters[i].hook[0] && counters[i].meaning[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connect_without_a_syn_is_no_attempt),
		cmocka_unit_test(only_errors_fail_an_attempt),
		cmocka_unit_test(the_syn_ack_of_an_accepted_connection_counts),
		cmocka_unit_test(sums_never_go_back_and_levels_do),
		cmocka_unit_test(gauges_are_the_last_of_one_socket_and_the_largest_of_many),
		cmocka_unit_test(a_listener_has_queues_and_drops_only),
		cmocka_unit_test(each_counter_is_a_column_of_the_same_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
