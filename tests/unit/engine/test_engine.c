// SPDX-License-Identifier: BSD-2-Clause
/* The engine with a sink that adds up what it is given. */
#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/clock.h"
#include "engine/filter.h"
#include "engine/settings.h"
#include "engine/sink.h"

static uint64_t rows, tx_sum;

static void sink_nothing(struct view *view)
{
	(void)view;
}

static void sink_row(struct view *view, const struct row *row)
{
	(void)view;
	rows++;
	tx_sum += row->count.tx_bytes;
}

static void sink_end(struct view *view, const struct account *account)
{
	(void)view;
	(void)account;
}

static const struct sink adder = {"adder", "", sink_nothing, sink_nothing, sink_nothing, sink_row,
				  sink_end};

struct fixture {
	struct settings settings;
	struct clock clock;
	struct filter *filter;
	struct view view;
	struct engine engine;
};

static void begin(struct fixture *x, enum view_when when, uint32_t limit)
{
	struct filter_error error;

	memset(x, 0, sizeof(*x));
	rows = tx_sum = 0;
	x->settings.max_flows = limit;
	x->settings.interval_s = 1;
	x->view.when = when;
	x->view.sink = &adder;
	x->view.settings = &x->settings;
	x->view.context.clock = &x->clock;
	x->filter = filter_new(&x->settings, NULL, &error);
	engine_init(&x->engine, &x->settings, x->filter, &x->view);
}

static void end(struct fixture *x)
{
	engine_done(&x->engine);
	filter_free(x->filter);
}

static void send(struct fixture *x, uint64_t id, enum ev_kind kind, uint64_t tx, enum ev_seen seen)
{
	struct event ev = {.head = {.id = id, .kind = (__u8)kind, .flags = EV_HAS_IDENT},
			   .count = {.tx_bytes = tx},
			   .time_ns = 1,
			   .ident = {.seen = (__u8)seen}};

	engine_event(&x->engine, &ev);
}

static void intervals_add_up_to_what_was_sent(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, VIEW_ON_TICK, 10);
	send(&x, 1, EV_SAMPLE, 100, SEEN_OPEN);
	engine_tick(&x.engine, 1);
	send(&x, 1, EV_SAMPLE, 250, SEEN_OPEN);
	engine_tick(&x.engine, 2);
	engine_tick(&x.engine, 3);
	send(&x, 1, EV_CLOSE, 300, SEEN_OPEN);
	engine_tick(&x.engine, 4);
	engine_tick(&x.engine, 5);
	assert_int_equal(tx_sum, 300);
	assert_int_equal(rows, 3);
	assert_int_equal(x.engine.flows.count, 0);
	end(&x);
}

static void a_torn_reading_is_mended_not_shown_twice(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, VIEW_ON_TICK, 10);
	send(&x, 1, EV_SAMPLE, 1001, SEEN_OPEN);
	engine_tick(&x.engine, 1);
	send(&x, 1, EV_SAMPLE, 1000, SEEN_OPEN);
	engine_tick(&x.engine, 2);
	send(&x, 1, EV_SAMPLE, 1500, SEEN_OPEN);
	engine_tick(&x.engine, 3);
	assert_int_equal(tx_sum, 1500);
	end(&x);
}

static void an_adopted_flow_counts_from_its_adoption(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, VIEW_ON_TICK, 10);
	send(&x, 1, EV_OPEN, 1000000, SEEN_ADOPTED);
	send(&x, 1, EV_SAMPLE, 1000007, SEEN_ADOPTED);
	engine_tick(&x.engine, 1);
	assert_int_equal(tx_sum, 7);
	end(&x);
}

static void a_view_on_close_keeps_no_flows(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, VIEW_ON_CLOSE, 10);
	for (uint64_t id = 1; id <= 100; id++) {
		send(&x, id, EV_OPEN, 0, SEEN_OPEN);
		send(&x, id, EV_CLOSE, 5, SEEN_OPEN);
	}
	assert_int_equal(rows, 100);
	assert_int_equal(tx_sum, 500);
	assert_null(x.engine.flows.flow);
	end(&x);
}

static int largest_first(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? 1 : *x > *y ? -1 : 0;
}

/* Against a full sort: the rows that are kept are the largest, whatever the order they came in. */
static void few_rows_are_the_largest(void **state)
{
	enum { FLOWS = 3000 };
	static uint64_t tx[FLOWS];
	struct fixture x;

	(void)state;
	srandom(7);
	for (uint64_t want = 1; want <= FLOWS; want = want * 3 + 1) {
		uint64_t sum = 0;

		begin(&x, VIEW_ON_TICK, FLOWS);
		x.view.rows = want;
		for (uint64_t i = 0; i < FLOWS; i++) {
			tx[i] = 1 + (uint64_t)random() % (want % 2 ? 50 : 1000000);
			send(&x, i + 1, EV_SAMPLE, tx[i], SEEN_OPEN);
		}
		engine_tick(&x.engine, 1);
		qsort(tx, FLOWS, sizeof(tx[0]), largest_first);
		for (uint64_t i = 0; i < want; i++)
			sum += tx[i];
		assert_int_equal(rows, want);
		assert_true(tx_sum == sum);
		end(&x);
	}
}

static void a_full_table_is_counted(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, VIEW_ON_TICK, 3);
	for (uint64_t id = 1; id <= 5; id++)
		send(&x, id, EV_SAMPLE, 10, SEEN_OPEN);
	engine_tick(&x.engine, 1);
	assert_int_equal(rows, 3);
	assert_int_equal(x.engine.flows.refused, 2);
	end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intervals_add_up_to_what_was_sent),
		cmocka_unit_test(a_torn_reading_is_mended_not_shown_twice),
		cmocka_unit_test(an_adopted_flow_counts_from_its_adoption),
		cmocka_unit_test(a_view_on_close_keeps_no_flows),
		cmocka_unit_test(few_rows_are_the_largest),
		cmocka_unit_test(a_full_table_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
