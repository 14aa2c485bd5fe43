// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any bytes as what an agent answers (--connect): refused with a reason, or events that an engine and
 * every column can take. The first byte says in which pieces they come.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/clock.h"
#include "engine/column.h"
#include "engine/consumer.h"
#include "engine/engine.h"
#include "engine/filter.h"
#include "engine/question.h"
#include "engine/row.h"
#include "engine/watch.h"
#include "source/connect_read.h"
#include "util/cgroup.h"

#define FLOWS 64
#define OURS "fuzz"

static struct clock clock_of_run;
static struct cgroup_names *cgroups;

static void show(const struct row *row)
{
	char buf[VALUE_TEXT_MAX];

	for (size_t i = 0; i < column_count; i++) {
		struct value v = columns[i].get(row);
		const char *text;
		size_t len = value_format(&v, buf, &text);

		/* Whatever is shown can be read. */
		if (len && !memchr(text, *text, len))
			abort();
	}
}

static void show_event(const struct event *ev)
{
	struct row_context context = {.clock = &clock_of_run, .cgroups = cgroups};
	struct row row = row_of_event(&context, ev);

	if (ev->head.flags & EV_HAS_EXTRA)
		row.extra = &ev->extra;
	show(&row);
}

static void on_closed(struct consumer *c, const struct event *ev)
{
	(void)c;
	show_event(ev);
}

static void on_interval(struct consumer *c, const struct news *news)
{
	struct row_context context = {.clock = &clock_of_run, .cgroups = cgroups};
	const struct row row = {.context = &context,
				.time_ns = c->engine->now_ns,
				.id = news->flow->id,
				.state = news->flow->state,
				.flows = 1,
				.count = news->count,
				.ident = &news->flow->ident,
				.extra = news->extra};

	show(&row);
}

static const struct consumer_ops ops = {
	.name = "fuzz",
	.interval = on_interval,
	.closed = on_closed,
};

struct run {
	struct connect_read read;
	struct engine engine;
	struct watch watch;
	struct question question;
	struct consumer consumer;
	struct event ev;
};

static void begin(struct run *r)
{
	struct filter_error wrong;

	r->watch.max_flows = FLOWS;
	r->question = (struct question){.watch = &r->watch, .tick_ms = 1000};
	r->consumer = (struct consumer){.ops = &ops,
					.question = &r->question,
					.wants = WANT_INTERVALS | WANT_CLOSED | WANT_LISTENERS,
					.needs = NEED_EXTRA,
					.fd = -1};
	r->consumer.filter = filter_new(&r->question, NULL, &wrong);
	r->consumer.states = filter_states(r->consumer.filter);
	engine_init(&r->engine, FLOWS, false);
	engine_add(&r->engine, &r->consumer, 0);
	engine_begin(&r->engine, 1);
}

/* False: what came was refused. */
static bool take(struct run *r)
{
	int n = r->read.has_line ? 1 : connect_read_line(&r->read, OURS);

	while (n > 0 && (n = connect_read_event(&r->read, &r->ev)) > 0)
		engine_event(&r->engine, &r->ev);
	if (n < 0 && !*r->read.why)
		abort();
	return n >= 0;
}

static void give(struct run *r, const uint8_t *data, size_t size, size_t piece)
{
	while (size) {
		size_t room, n;
		char *to = connect_read_room(&r->read, &room);

		/* Whatever is there is refused, or makes room. */
		if (!room)
			abort();
		n = room < size ? room : size;
		n = n < piece ? n : piece;
		memcpy(to, data, n);
		connect_read_put(&r->read, n);
		data += n;
		size -= n;
		if (!take(r))
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run *r = calloc(1, sizeof(*r));

	if (!cgroups)
		cgroups = cgroup_names_new_at("/nowhere");
	if (size) {
		begin(r);
		give(r, data + 1, size - 1, *data ? *data : SIZE_MAX);
		engine_advance(&r->engine, r->engine.now_ns + 1000000000ull);
		engine_done(&r->engine);
		filter_free(r->consumer.filter);
	}
	free(r);
	return 0;
}
