// SPDX-License-Identifier: BSD-2-Clause
/* In what order a consumer is told of a flow, also of what comes while it prints. */
#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "engine/filter.h"
#include "engine/question.h"
#include "engine/state_list.h"

#define SECOND 1000000000ull

struct fixture {
	struct question question;
	struct consumer consumer;
	struct engine engine;
	char told[256]; /* a word for each call */
	uint64_t open_ns, established_ns, close_ns;
	void (*during_tick)(struct fixture *x);
};

static void note(struct consumer *c, const char *what, uint64_t id)
{
	struct fixture *x = c->state;
	size_t used = strlen(x->told);

	snprintf(x->told + used, sizeof(x->told) - used, "%s%d ", what, (int)id);
}

static void on_opened(struct consumer *c, const struct flow *flow)
{
	struct fixture *x = c->state;

	note(c, "opened", flow->id);
	x->open_ns = flow->ident.open_ns;
	x->established_ns = flow->ident.established_ns;
}

static void on_interval(struct consumer *c, const struct news *news)
{
	note(c, news->close ? "rest" : "interval", news->flow->id);
}

static void on_closed(struct consumer *c, const struct event *ev)
{
	struct fixture *x = c->state;

	note(c, "closed", ev->head.id);
	x->close_ns = ev->time_ns;
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	struct fixture *x = c->state;

	(void)time_ns;
	note(c, "tick", c->ticks);
	if (x->during_tick)
		x->during_tick(x);
	x->during_tick = NULL;
}

static const struct consumer_ops ops = {
	.name = "writer",
	.opened = on_opened,
	.interval = on_interval,
	.closed = on_closed,
	.tick = on_tick,
};

static void begin(struct fixture *x)
{
	struct filter_error error;

	memset(x, 0, sizeof(*x));
	x->question.interval_s = 1;
	x->consumer = (struct consumer){.ops = &ops,
					.question = &x->question,
					.wants = WANT_OPENED | WANT_INTERVALS | WANT_CLOSED,
					.states = STATE_LIST_ALL,
					.state = x,
					.fd = -1};
	x->consumer.filter = filter_new(&x->question, NULL, &error);
	engine_init(&x->engine, 4, true);
	assert_int_equal(engine_add(&x->engine, &x->consumer, 0), 0);
	engine_begin(&x->engine, SECOND);
}

static void end(struct fixture *x)
{
	engine_done(&x->engine);
	filter_free(x->consumer.filter);
}

static void send(struct fixture *x, uint64_t id, enum ev_kind kind, uint64_t tx)
{
	struct event ev = {.head = {.id = id,
				    .kind = (__u8)kind,
				    .state = ST_ESTABLISHED,
				    .flags = EV_HAS_IDENT},
			   .count = {.tx_bytes = tx},
			   .time_ns = SECOND + 2999,
			   .ident = {.open_ns = 1001, .established_ns = 2999}};

	engine_event(&x->engine, &ev);
}

static void opened_first_closed_last_and_once(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x);
	send(&x, 1, EV_OPEN, 0);
	send(&x, 1, EV_SAMPLE, 5);
	engine_advance(&x.engine, 2 * SECOND);
	send(&x, 1, EV_CLOSE, 9);
	send(&x, 2, EV_CLOSE, 9);
	engine_finish(&x.engine, 3 * SECOND);
	assert_string_equal(x.told,
			    "opened1 interval1 tick1 rest1 closed1 opened2 rest2 closed2 tick2 ");
	end(&x);
}

static void close_and_more(struct fixture *x)
{
	const struct flow *f = flow_table_find(&x->engine.flows, 1);

	send(x, 1, EV_CLOSE, 9);
	/* What is printed may point to it. */
	assert_ptr_equal(flow_table_find(&x->engine.flows, 1), f);
	assert_int_equal(f->count.tx_bytes, 9);
	send(x, 1, EV_CLOSE, 9);
	send(x, 1, EV_SAMPLE, 7);
	send(x, 2, EV_OPEN, 1);
	assert_int_equal(f->count.tx_bytes, 9);
}

static void what_comes_while_rows_are_printed(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x);
	send(&x, 1, EV_SAMPLE, 5);
	x.during_tick = close_and_more;
	engine_advance(&x.engine, 2 * SECOND);
	assert_null(flow_table_find(&x.engine.flows, 1));
	assert_int_equal(x.engine.flows.count, 1);
	engine_finish(&x.engine, 3 * SECOND);
	assert_string_equal(x.told, "opened1 interval1 tick1 rest1 closed1 opened2 interval2 tick2 ");
	end(&x);
}

static void times_are_told_in_whole_microseconds(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x);
	send(&x, 1, EV_OPEN, 0);
	send(&x, 1, EV_CLOSE, 0);
	assert_int_equal(x.open_ns, 1000);
	assert_int_equal(x.established_ns, 2000);
	assert_int_equal(x.close_ns, SECOND + 2000);
	end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opened_first_closed_last_and_once),
		cmocka_unit_test(what_comes_while_rows_are_printed),
		cmocka_unit_test(times_are_told_in_whole_microseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
