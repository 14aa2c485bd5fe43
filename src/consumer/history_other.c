// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/history_other.h"

#include <errno.h>
#include <poll.h>

#define NS_PER_US 1000

/* When a moment of the wall clock was, by the source's. */
static uint64_t time_of(const struct clock *clock, int64_t wall_us)
{
	int64_t ns = wall_us * NS_PER_US - clock->realtime_offset_ns;

	return ns > 0 ? (uint64_t)ns : 0;
}

static void begin(struct history_other *o)
{
	if (!o->sums.span.bucket_ns)
		history_sums_begin(&o->sums, time_of(&o->clock, o->watch.from_us),
				   time_of(&o->clock, o->watch.to_us));
}

static void on_opened(struct consumer *c, const struct flow *flow)
{
	struct history_other *o = c->state;

	begin(o);
	history_sums_opened(&o->sums, c, flow);
}

static void on_interval(struct consumer *c, const struct news *news)
{
	struct history_other *o = c->state;

	begin(o);
	history_sums_news(&o->sums, c, news);
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	(void)c;
	(void)time_ns;
}

static const struct consumer_ops ops = {
	.name = "history of another span",
	.opened = on_opened,
	.interval = on_interval,
	.tick = on_tick,
};

/* As the loop does it with what is read in a run. */
static void emit(void *context, const struct event *ev)
{
	struct history_other *o = context;
	struct engine *e = &o->engine;

	if (!e->has_begun)
		engine_begin(e, ev->time_ns);
	if (ev->time_ns > o->last_ns && (ev->head.kind == EV_TIME || !o->last_ns))
		o->last_ns = ev->time_ns;
	if (ev->head.kind == EV_TIME)
		engine_advance(e, ev->time_ns);
	engine_event(e, ev);
}

int history_other_open(struct history_other *o, const struct consumer *c, const struct view *view,
		       const struct source *source, int64_t back_us)
{
	int err;

	o->watch = *source->watch;
	o->watch.from_us -= back_us;
	o->watch.to_us -= back_us;
	o->clock = *source->clock;
	o->source = *source;
	o->source.watch = &o->watch;
	o->source.clock = &o->clock;
	o->source.emit = emit;
	o->source.emit_context = o;
	o->source.tell_gap = NULL;
	o->source.state = NULL;
	o->is_open = true;
	err = o->source.ops->open(&o->source);
	if (err)
		return err;
	engine_init(&o->engine, c->engine->max_flows, false);
	o->engine.slack_ns = o->source.interval_ns / 2;
	o->consumer = (struct consumer){
		.ops = &ops,
		.question = c->question,
		.filter = c->filter,
		.wants = c->wants,
		.needs = c->needs,
		.states = c->states,
		.fd = -1,
		.state = o,
	};
	history_sums_init(&o->sums, view, c->engine->max_flows);
	return engine_add(&o->engine, &o->consumer, 0);
}

int history_other_read(struct history_other *o)
{
	int n = o->source.ops->start(&o->source);

	while (!n && (n = o->source.ops->drain(&o->source)) > 0)
		n = 0;
	if (n < 0)
		return n;
	engine_finish(&o->engine, o->last_ns);
	begin(o);
	history_sums_end(&o->sums, &o->consumer, o->last_ns);
	return 0;
}

void history_other_close(struct history_other *o)
{
	if (!o->is_open)
		return;
	o->source.ops->close(&o->source);
	engine_done(&o->engine);
	history_sums_done(&o->sums);
	o->is_open = false;
}
