// SPDX-License-Identifier: BSD-2-Clause
#include "api/api.h"

#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "api/page.h"
#include "api/routes.h"
#include "api/state.h"
#include "api/streams.h"
#include "api/tap.h"
#include "consumer/agent.h"
#include "engine/clock.h"
#include "engine/column.h"
#include "engine/engine.h"
#include "engine/filter.h"
#include "engine/source.h"
#include "util/log.h"
#include "util/out.h"
#include "util/xalloc.h"
#include "view/view.h"

#define MS_PER_S 1000
#define NS_PER_S 1000000000ull
/* Verdicts on what closed are told for so long. */
#define CLOSED_TOLD_S 60
/*
 * What is in nobody's way: columns that need more are told as not available. The host's own counters
 * are read when somebody asks for them: in each network namespace, that takes longer than all else.
 */
#define NEEDS                                                                                      \
	(NEED_EXTRA | NEED_OWNER | NEED_LEVELS | NEED_CGROUPS | NEED_ERROR | NEED_OOO | NEED_RTO |    \
	 NEED_CAUSES | NEED_UNDO | NEED_VERDICT | NEED_ICMP)
#define NEEDS_PROBES (NEED_CALLS | NEED_PACKETS | NEED_RESETS | NEED_DELACKS | NEED_HOLDERS)

static uint32_t slot_of(const struct api *api, const struct flow *f)
{
	return flow_table_slot(&api->consumer->engine->flows, f);
}

static void log_opened(struct api *api, const struct flow *f)
{
	struct event ev = {.head = {.id = f->id,
				    .kind = EV_OPEN,
				    .state = f->state,
				    .flags = EV_HAS_IDENT},
			   .count = f->count,
			   .time_ns = f->ident.open_ns,
			   .ident = f->ident};

	lately_put(&api->opened, ++api->number, &ev, NULL);
	streams_event(api, lately_latest(&api->opened, 0));
}

static void on_opened(struct consumer *c, const struct flow *f)
{
	struct api *api = c->state;

	live_open(&api->live, slot_of(api, f), f);
	if (f->ident.seen == SEEN_ADOPTED || f->state == ST_LISTEN ||
	    f->ident.open_ns < api->filtered_ns)
		return;
	api->minutes.now.opened++;
	if (api->opened.limit)
		log_opened(api, f);
}

static void on_interval(struct consumer *c, const struct news *news)
{
	struct api *api = c->state;
	uint32_t slot = slot_of(api, news->flow);

	live_news(&api->live, slot, news);
	if (news->flow->state != ST_LISTEN)
		minutes_add(&api->minutes, &news->count);
	judging_note(&api->judging, slot, news->flow, news->extra,
		     news->close ? news->close->time_ns : c->engine->now_ns);
	if (news->close)
		api->left = live_close(&api->live, slot, news->flow);
}

static bool has_failed(const struct event *ev)
{
	return ev->head.end_reason != END_FIN && ev->head.end_reason != END_NONE &&
	       ev->head.end_reason != END_UNKNOWN;
}

static void on_closed(struct consumer *c, const struct event *ev)
{
	struct api *api = c->state;

	if (ev->head.state == ST_LISTEN)
		return;
	api->minutes.now.closed++;
	api->minutes.now.failed += has_failed(ev);
	/* The interval with its rest was told right before. */
	lately_put(&api->closed, ++api->number, ev, &api->left);
	if (api->closed.limit)
		streams_event(api, lately_latest(&api->closed, 0));
}

/* What the filter does not take any more is told of by nobody, and leaves. */
static void leave_unwanted(struct api *api)
{
	struct consumer *c = api->consumer;

	for (uint32_t slot = 0; slot < api->live.used; slot++) {
		const struct flow *f = &c->engine->flows.flow[slot];

		if (api->live.flow[slot].id != f->id || !(f->wanted >> c->index & 1))
			live_leave(&api->live, slot);
	}
	api->has_new_filter = false;
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	struct api *api = c->state;
	uint64_t told_ns = CLOSED_TOLD_S * NS_PER_S;

	if (api->has_new_filter)
		leave_unwanted(api);
	live_tick(&api->live, time_ns, c->engine->begun_ns);
	api->view->context.interval_us = api->live.interval_us;
	api->view->tick_ns = time_ns;
	minutes_tick(&api->minutes, time_ns, api->live.interval_us, api->live.flows);
	if (judging_pass(&api->judging, c->engine, &api->live, &api->closed,
			 time_ns > told_ns ? time_ns - told_ns : 0, api->agent->source, time_ns))
		streams_verdicts(api);
	streams_tick(api);
}

static void read_interval(struct consumer *c, const struct news *news)
{
	struct api *api = c->state;

	if (!news->close)
		judging_note(&api->judging, slot_of(api, news->flow), news->flow, news->extra,
			     c->engine->now_ns);
}

static void read_tick(struct consumer *c, uint64_t time_ns)
{
	struct api *api = c->state;

	(void)time_ns;
	judging_read(&api->judging, c->engine, &api->live);
}

static const struct consumer_ops reader_ops = {
	.name = "api_reader",
	.interval = read_interval,
	.tick = read_tick,
};

/* A second pace beside the one of the rows: all flows, changed or not. */
static int add_reader(struct api *api)
{
	struct consumer *c = &api->reader;
	struct filter_error error = {.at = 0};

	api->reader_question = *api->consumer->question;
	api->reader_question.tick_ms = JUDGING_READ_S * MS_PER_S;
	*c = (struct consumer){
		.ops = &reader_ops,
		.question = &api->reader_question,
		.wants = WANT_INTERVALS | WANT_ALL | WANT_LISTENERS,
		.needs = NEEDS,
		.lacks = api->consumer->lacks,
		.fd = -1,
		.state = api,
	};
	c->filter = filter_new(&api->reader_question, api->view->context.cgroups, &error);
	if (!c->filter)
		return -1;
	c->states = filter_states(c->filter);
	return engine_add(api->agent->engine, c, 0);
}

static int on_start(struct consumer *c, struct source *source, uid_t uid, gid_t gid)
{
	struct api *api = c->state;

	(void)source;
	(void)uid;
	(void)gid;
	c->lacks |= NEEDS_PROBES & ~c->engine->needs;
	live_begin(&api->live, c->engine->max_flows, (uint32_t)api->options->trails);
	lately_begin(&api->closed, api->options->closed);
	lately_begin(&api->opened, api->options->closed);
	minutes_begin(&api->minutes);
	judging_begin(&api->judging, c->engine->max_flows);
	return add_reader(api);
}

static void on_end(struct consumer *c, const struct account *account)
{
	struct api *api = c->state;

	(void)account;
	streams_end(api);
	tap_end(api);
}

static void on_free(struct consumer *c)
{
	struct api *api = c->state;

	streams_free(api);
	filter_free(api->reader.filter);
	live_done(&api->live);
	lately_done(&api->closed);
	lately_done(&api->opened);
	judging_done(&api->judging);
	free(api);
}

/* Memory is short, or not any more. */
static void take_step(void *context, enum agent_step step)
{
	struct api *api = context;
	size_t closed = step >= AGENT_NO_CLOSED ? 0 : MIN(api->options->closed, api->closed.size);
	unsigned parts = step >= AGENT_SHORT_HISTORY ? 2 : 1;

	if (!api->live.flow)
		return;
	if (api->closed.limit != closed) {
		lately_limit(&api->closed, closed);
		lately_limit(&api->opened, closed);
	}
	live_limit_trails(&api->live, (uint32_t)MIN(api->options->trails, api->live.trails) / parts);
	minutes_limit(&api->minutes, MINUTES_POINTS / parts);
}

static int on_reload(struct consumer *c, const struct question *q, bool is_trial,
		     struct usage_error *error)
{
	struct api *api = c->state;
	const struct api_options *o = q->own;
	struct filter_error none = {.at = 0};
	struct filter *filter;

	(void)error;
	if (is_trial)
		return 0;
	if (o->closed > api->closed.size)
		log_warn("keep-closed of api can grow with a new start only: it stays %zu",
			 api->closed.size);
	if (o->trails > api->live.trails)
		log_warn("keep-trails of api can grow with a new start only: it stays %u",
			 api->live.trails);
	api->options = o;
	take_step(api, api->agent->step);
	api->has_new_filter = true;
	api->filtered_ns = clock_now_ns();
	/* The one before points into a question that goes. */
	filter = api->reader.filter;
	api->reader_question = *q;
	api->reader_question.tick_ms = JUDGING_READ_S * MS_PER_S;
	engine_set_filter(api->agent->engine, &api->reader,
			  filter_new(&api->reader_question, api->view->context.cgroups, &none));
	filter_free(filter);
	return 0;
}

static void on_shrunk(struct consumer *c, uint32_t from, uint32_t to)
{
	struct api *api = c->state;

	live_shrink(&api->live, from, to);
	judging_shrink(&api->judging, from, to);
}

static const struct consumer_ops ops = {
	.name = "api",
	.shrunk = on_shrunk,
	.opened = on_opened,
	.interval = on_interval,
	.closed = on_closed,
	.tick = on_tick,
	.start = on_start,
	.reload = on_reload,
	.end = on_end,
	.free = on_free,
};

/* For /api/v1/status. */
static void put_status(void *context, struct out *out)
{
	const struct api *api = context;

	out_format(out,
		   "\"has_recording\":%s,\"closed_kept\":%zu,\"closed_limit\":%zu,\"trails\":%u,\"trails_refused\":%llu,"
		   "\"series_points\":%zu,\"verdict_passes\":%llu,\"verdicts_refused\":%llu,",
		   api->agent->recording ? "true" : "false", lately_count(&api->closed), api->closed.limit, api->live.trails_used,
		   (unsigned long long)api->live.trails_refused, minutes_count(&api->minutes),
		   (unsigned long long)api->judging.passes,
		   (unsigned long long)api->judging.cases[api->judging.shown].table.refused);
	streams_status(api, out);
}

int api_wrap(struct consumer *c, struct view *view, struct usage_error *error)
{
	struct api *api = xcalloc(1, sizeof(*api));
	struct agent_part part = {"api", put_status, take_step, api};

	(void)error;
	api->options = c->question->own;
	api->agent = agent_of(c->question);
	api->consumer = c;
	api->view = view;
	/* Rows are made of its parts; verdicts are added by whoever wants them. */
	view->needs = NEEDS & ~(unsigned)NEED_VERDICT;
	c->question->tick_ms = MS_PER_S;
	c->ops = &ops;
	c->state = api;
	c->wants = WANT_OPENED | WANT_INTERVALS | WANT_CLOSED | WANT_LISTENERS;
	c->needs |= NEEDS;
	api->streams = streams_new(api);
	LIST_INIT(&api->taps);
	routes_add(api);
	if (!api->options->no_page)
		page_add(api);
	agent_add_part(api->agent, &part);
	return 0;
}
