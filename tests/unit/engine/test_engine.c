// SPDX-License-Identifier: BSD-2-Clause
/* The engine with consumers that add up what they are told. */
#include "engine/engine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/column.h"
#include "engine/filter.h"
#include "engine/question.h"
#include "engine/state_list.h"

#define SECOND 1000000000ull
#define ADDERS 4

struct adder {
	struct question question;
	struct consumer consumer;
	uint64_t opened, told, intervals, closed, ticks;
	uint64_t known, tx_total; /* of `told`: whose note was there; as it was told last */
	uint64_t tx, tx_closed, last_tick_ns;
	int64_t segs_in;
	bool closed_before_its_interval;
	uint64_t told_id; /* of the last interval that was an end */
};

struct fixture {
	struct adder adder[ADDERS];
	unsigned count;
	struct engine engine;
};

static void on_opened(struct consumer *c, const struct flow *flow)
{
	struct adder *a = c->state;

	(void)flow;
	a->opened++;
}

static void on_interval(struct consumer *c, const struct news *news)
{
	struct adder *a = c->state;

	a->told++;
	a->known += *news->note;
	*news->note = 1;
	a->tx_total = news->flow->count.tx_bytes;
	if (news->close)
		a->told_id = news->flow->id;
	if (!news->count.tx_bytes)
		return;
	a->intervals++;
	a->tx += news->count.tx_bytes;
	if (news->now)
		a->segs_in += news->now[COUNTER_in_segs] - news->then[COUNTER_in_segs];
}

static void on_closed(struct consumer *c, const struct event *ev)
{
	struct adder *a = c->state;

	a->closed++;
	a->tx_closed += ev->count.tx_bytes;
	a->closed_before_its_interval |= c->pace && a->told_id != ev->head.id;
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	struct adder *a = c->state;

	a->ticks++;
	a->last_tick_ns = time_ns;
}

static const struct consumer_ops ops = {
	.name = "adder",
	.opened = on_opened,
	.interval = on_interval,
	.closed = on_closed,
	.tick = on_tick,
};

static struct adder *add(struct fixture *x, unsigned wants, uint64_t interval_s, uint64_t now_ns)
{
	struct adder *a = &x->adder[x->count++];
	struct filter_error error;

	a->question.interval_s = interval_s;
	a->consumer = (struct consumer){.ops = &ops,
					.question = &a->question,
					.wants = wants,
					.states = STATE_LIST_ALL,
					.state = a,
					.fd = -1};
	if (wants & WANT_COUNTERS)
		a->consumer.needs = NEED_EXTRA;
	a->consumer.filter = filter_new(&a->question, NULL, &error);
	assert_int_equal(engine_add(&x->engine, &a->consumer, now_ns), 0);
	return a;
}

static void begin(struct fixture *x, uint32_t limit)
{
	memset(x, 0, sizeof(*x));
	engine_init(&x->engine, limit, true);
}

static void end(struct fixture *x)
{
	engine_done(&x->engine);
	for (unsigned i = 0; i < x->count; i++)
		filter_free(x->adder[i].consumer.filter);
}

static void send_at(struct fixture *x, uint64_t time_ns, uint64_t id, enum ev_kind kind, uint64_t tx,
		    enum ev_seen seen)
{
	struct event ev = {.head = {.id = id,
				    .kind = (__u8)kind,
				    .state = ST_ESTABLISHED,
				    .flags = EV_HAS_IDENT | EV_HAS_EXTRA},
			   .count = {.tx_bytes = tx},
			   .time_ns = time_ns,
			   .ident = {.seen = (__u8)seen},
			   .extra = {.segs_in = (__u32)tx}};

	if (!x->engine.has_begun)
		engine_begin(&x->engine, time_ns);
	engine_advance(&x->engine, time_ns);
	engine_event(&x->engine, &ev);
}

static void send(struct fixture *x, uint64_t id, enum ev_kind kind, uint64_t tx, enum ev_seen seen)
{
	send_at(x, SECOND, id, kind, tx, seen);
}

static void intervals_add_up_to_what_was_sent(void **state)
{
	struct fixture x;
	struct adder *a;

	(void)state;
	begin(&x, 10);
	a = add(&x, WANT_INTERVALS, 1, 0);
	send_at(&x, 1 * SECOND, 1, EV_SAMPLE, 100, SEEN_OPEN);
	send_at(&x, 2 * SECOND, 1, EV_SAMPLE, 250, SEEN_OPEN);
	send_at(&x, 4 * SECOND, 1, EV_CLOSE, 300, SEEN_OPEN);
	engine_finish(&x.engine, 5 * SECOND);
	assert_int_equal(a->tx, 300);
	assert_int_equal(a->intervals, 3);
	assert_int_equal(x.engine.flows.count, 0);
	end(&x);
}

static void a_torn_reading_is_mended_not_shown_twice(void **state)
{
	struct fixture x;
	struct adder *a;

	(void)state;
	begin(&x, 10);
	a = add(&x, WANT_INTERVALS | WANT_COUNTERS, 1, 0);
	send_at(&x, 1 * SECOND, 1, EV_SAMPLE, 1001, SEEN_OPEN);
	send_at(&x, 2 * SECOND, 1, EV_SAMPLE, 1000, SEEN_OPEN);
	send_at(&x, 3 * SECOND, 1, EV_SAMPLE, 1500, SEEN_OPEN);
	engine_finish(&x.engine, 4 * SECOND);
	assert_int_equal(a->tx, 1500);
	assert_int_equal(a->segs_in, 1500);
	end(&x);
}

static void an_adopted_flow_counts_from_its_adoption(void **state)
{
	struct fixture x;
	struct adder *a;

	(void)state;
	begin(&x, 10);
	a = add(&x, WANT_INTERVALS | WANT_COUNTERS, 1, 0);
	send(&x, 1, EV_OPEN, 1000000, SEEN_ADOPTED);
	send(&x, 1, EV_SAMPLE, 1000007, SEEN_ADOPTED);
	send(&x, 2, EV_CLOSE, 5000, SEEN_ADOPTED);
	engine_finish(&x.engine, SECOND);
	assert_int_equal(a->tx, 7);
	assert_int_equal(a->segs_in, 7);
	end(&x);
}

static void who_waits_for_ends_alone_keeps_no_flows(void **state)
{
	struct fixture x;
	struct adder *a;

	(void)state;
	begin(&x, 10);
	a = add(&x, WANT_CLOSED, 0, 0);
	for (uint64_t id = 1; id <= 100; id++) {
		send(&x, id, EV_OPEN, 0, SEEN_OPEN);
		send(&x, id, EV_CLOSE, 5, SEEN_OPEN);
	}
	assert_int_equal(a->closed, 100);
	assert_int_equal(a->tx_closed, 500);
	assert_null(x.engine.flows.flow);
	end(&x);
}

/* Each pace has its own memory of what it told: none takes another's delta. */
static void paces_do_not_disturb_each_other(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, 100);
	add(&x, WANT_INTERVALS | WANT_CLOSED, 1, 0);
	add(&x, WANT_INTERVALS | WANT_COUNTERS, 3, 0);
	add(&x, WANT_INTERVALS | WANT_OPENED, 1, 0);
	add(&x, WANT_INTERVALS, 0, 0);
	assert_int_equal(x.engine.paces, 3);
	for (uint64_t t = 1; t <= 20; t++)
		for (uint64_t id = 1; id <= 10; id++)
			send_at(&x, t * SECOND / 2, id, EV_SAMPLE, t * id, SEEN_OPEN);
	for (uint64_t id = 1; id <= 5; id++)
		send_at(&x, 11 * SECOND, id, EV_CLOSE, 100 * id, SEEN_OPEN);
	engine_finish(&x.engine, 12 * SECOND);
	for (unsigned i = 0; i < ADDERS; i++)
		assert_int_equal(x.adder[i].tx, 100 * 15 + 20 * 40);
	assert_int_equal(x.adder[1].segs_in, 100 * 15 + 20 * 40);
	assert_int_equal(x.adder[0].closed, 5);
	assert_int_equal(x.adder[2].opened, 10);
	assert_int_equal(x.adder[3].ticks, 1);
	assert_false(x.adder[0].closed_before_its_interval);
	end(&x);
}

/* Ten times as many ends in an interval as the table holds: none waits, none is lost. */
static void a_slow_pace_does_not_fill_the_table(void **state)
{
	enum { LIMIT = 50 };
	struct fixture x;
	struct adder *a;

	(void)state;
	begin(&x, LIMIT);
	a = add(&x, WANT_INTERVALS | WANT_COUNTERS, 60, 0);
	for (uint64_t id = 1; id <= 10 * LIMIT; id++) {
		send_at(&x, SECOND + id, id, EV_OPEN, 1, SEEN_OPEN);
		if (id > 10)
			send_at(&x, SECOND + id, id - 10, EV_CLOSE, id - 10, SEEN_OPEN);
	}
	assert_int_equal(x.engine.flows.count, 10);
	assert_int_equal(x.engine.flows.refused, 0);
	engine_finish(&x.engine, 61 * SECOND);
	assert_int_equal(a->tx, 490 * 491 / 2 + 10);
	assert_int_equal(a->segs_in, a->tx);
	end(&x);
}

/* A flow that found no place has lost nothing once it ends. */
static void a_full_table_is_counted_and_made_good(void **state)
{
	struct fixture x;
	struct adder *a;

	(void)state;
	begin(&x, 3);
	a = add(&x, WANT_INTERVALS, 1, 0);
	for (uint64_t id = 1; id <= 5; id++)
		send_at(&x, SECOND, id, EV_SAMPLE, 10, SEEN_OPEN);
	send_at(&x, 2 * SECOND, 5, EV_CLOSE, 12, SEEN_OPEN);
	engine_finish(&x.engine, 3 * SECOND);
	assert_int_equal(x.engine.flows.refused, 2);
	assert_int_equal(a->tx, 42);
	end(&x);
}

static void an_id_that_is_used_again_is_another_flow(void **state)
{
	struct fixture x;
	struct adder *a;

	(void)state;
	begin(&x, 10);
	a = add(&x, WANT_INTERVALS | WANT_OPENED | WANT_CLOSED | WANT_COUNTERS, 60, 0);
	for (int i = 0; i < 3; i++) {
		send(&x, 1, EV_OPEN, 0, SEEN_OPEN);
		send(&x, 1, EV_SAMPLE, 50, SEEN_OPEN);
		send(&x, 1, EV_CLOSE, 100, SEEN_OPEN);
	}
	engine_finish(&x.engine, SECOND);
	assert_int_equal(a->opened, 3);
	assert_int_equal(a->closed, 3);
	assert_int_equal(a->tx, 300);
	assert_int_equal(a->segs_in, 300);
	end(&x);
}

/* Whoever comes while the engine runs counts from then on, and takes nothing from the others. */
static void a_late_consumer_begins_where_it_comes(void **state)
{
	struct adder *early, *late;
	struct fixture x;

	(void)state;
	begin(&x, 10);
	early = add(&x, WANT_INTERVALS | WANT_OPENED, 2, 0);
	send_at(&x, 1 * SECOND, 1, EV_SAMPLE, 100, SEEN_OPEN);
	send_at(&x, 1 * SECOND, 2, EV_SAMPLE, 1000, SEEN_OPEN);
	late = add(&x, WANT_INTERVALS | WANT_OPENED, 2, 3 * SECOND / 2);
	assert_int_equal(late->opened, 2);
	send_at(&x, 2 * SECOND, 1, EV_SAMPLE, 150, SEEN_OPEN);
	send_at(&x, 5 * SECOND, 3, EV_SAMPLE, 7, SEEN_OPEN);
	assert_int_equal(late->last_tick_ns, 7 * SECOND / 2);
	engine_finish(&x.engine, 6 * SECOND);
	assert_int_equal(late->tx, 57);
	assert_int_equal(early->tx, 1157);
	engine_remove(&x.engine, &late->consumer);
	send_at(&x, 7 * SECOND, 1, EV_CLOSE, 200, SEEN_OPEN);
	assert_int_equal(late->tx, 57);
	assert_int_equal(early->tx, 1207);
	end(&x);
}

static void what_is_not_read_is_refused_to_a_late_one(void **state)
{
	struct filter_error error;
	struct fixture x;
	struct adder *a;

	(void)state;
	begin(&x, 10);
	add(&x, WANT_INTERVALS, 1, 0);
	a = &x.adder[1];
	a->consumer = (struct consumer){.ops = &ops,
					.question = &a->question,
					.wants = WANT_INTERVALS | WANT_COUNTERS,
					.needs = NEED_EXTRA};
	a->consumer.filter = filter_new(&a->question, NULL, &error);
	x.count++;
	assert_int_equal(engine_add(&x.engine, &a->consumer, SECOND), -ENOTSUP);
	end(&x);
}

/* A damaged time must not make a tick for every second of 68 years. */
static void empty_intervals_are_bounded(void **state)
{
	struct fixture x;
	struct adder *a;

	(void)state;
	begin(&x, 10);
	a = add(&x, WANT_INTERVALS, 1, 0);
	send_at(&x, SECOND, 1, EV_SAMPLE, 1, SEEN_OPEN);
	send_at(&x, 11 * SECOND, 1, EV_SAMPLE, 2, SEEN_OPEN);
	assert_int_equal(a->ticks, 10);
	send_at(&x, 0x7fffffffull * SECOND, 1, EV_SAMPLE, 3, SEEN_OPEN);
	assert_true(a->ticks < 15);
	engine_finish(&x.engine, 0x80000000ull * SECOND);
	assert_int_equal(a->last_tick_ns, 0x80000000ull * SECOND);
	assert_int_equal(a->tx, 3);
	end(&x);
}

/* What is told has whole microseconds, whatever the source's clock gives. */
static void times_are_whole_microseconds(void **state)
{
	struct fixture x;
	struct adder *a;

	(void)state;
	begin(&x, 10);
	a = add(&x, WANT_INTERVALS, 1, 0);
	send_at(&x, SECOND + 1999, 1, EV_SAMPLE, 1, SEEN_OPEN);
	send_at(&x, 3 * SECOND, 1, EV_SAMPLE, 1, SEEN_OPEN);
	assert_int_equal(a->last_tick_ns % 1000, 0);
	end(&x);
}

static void listeners_are_for_those_who_want_them(void **state)
{
	struct event ev = {.head = {.id = 9, .kind = EV_CLOSE, .state = ST_LISTEN, .flags = EV_HAS_IDENT}};
	struct fixture x;

	(void)state;
	begin(&x, 10);
	add(&x, WANT_CLOSED, 0, 0);
	add(&x, WANT_CLOSED | WANT_LISTENERS, 0, 0);
	engine_event(&x.engine, &ev);
	assert_int_equal(x.adder[0].closed, 0);
	assert_int_equal(x.adder[1].closed, 1);
	end(&x);
}

static void what_stands_still_is_told_as_it_was(void **state)
{
	struct event same = {.head = {7, EV_SAMPLE, ST_CLOSE_WAIT, EV_SAME, END_NONE, 0}};
	struct fixture x;
	struct adder *a;

	(void)state;
	begin(&x, 10);
	a = add(&x, WANT_INTERVALS | WANT_EACH | WANT_NOTE, 1, 0);
	send(&x, 7, EV_OPEN, 100, SEEN_OPEN);
	for (uint64_t second = 2; second < 5; second++) {
		engine_advance(&x.engine, second * SECOND);
		engine_event(&x.engine, &same);
	}
	engine_advance(&x.engine, 5 * SECOND);
	/* Of each interval it is told, and none but the first moved anything. */
	assert_int_equal(a->told, 4);
	assert_true(a->intervals == 1 && a->tx == 100 && a->tx_total == 100);
	assert_int_equal(x.engine.flows.flow[0].state, ST_CLOSE_WAIT);
	/* Nor do readings with the ident that it has take a note away. */
	send_at(&x, 5 * SECOND, 7, EV_SAMPLE, 130, SEEN_OPEN);
	engine_advance(&x.engine, 6 * SECOND);
	assert_int_equal(a->known, 4);
	send_at(&x, 6 * SECOND, 7, EV_SAMPLE, 130, SEEN_LATE);
	engine_advance(&x.engine, 7 * SECOND);
	assert_int_equal(a->known, 4);
	assert_int_equal(a->tx, 130);
	end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intervals_add_up_to_what_was_sent),
		cmocka_unit_test(a_torn_reading_is_mended_not_shown_twice),
		cmocka_unit_test(an_adopted_flow_counts_from_its_adoption),
		cmocka_unit_test(who_waits_for_ends_alone_keeps_no_flows),
		cmocka_unit_test(paces_do_not_disturb_each_other),
		cmocka_unit_test(a_slow_pace_does_not_fill_the_table),
		cmocka_unit_test(a_full_table_is_counted_and_made_good),
		cmocka_unit_test(an_id_that_is_used_again_is_another_flow),
		cmocka_unit_test(a_late_consumer_begins_where_it_comes),
		cmocka_unit_test(what_is_not_read_is_refused_to_a_late_one),
		cmocka_unit_test(empty_intervals_are_bounded),
		cmocka_unit_test(times_are_whole_microseconds),
		cmocka_unit_test(what_stands_still_is_told_as_it_was),
		cmocka_unit_test(listeners_are_for_those_who_want_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
