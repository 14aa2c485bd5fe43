// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/why.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "consumer/why_cases.h"
#include "consumer/why_text.h"
#include "engine/clock.h"
#include "engine/column.h"
#include "engine/engine.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/watch.h"
#include "util/log.h"
#include "util/out.h"
#include "util/xalloc.h"
#include "verdict/history.h"
#include "verdict/peers.h"
#include "view/show.h"
#include "view/sink.h"

#define FOR_S_DEFAULT 2
/* So many readings make a window; Nagle's rule needs five. */
#define READINGS 8
#define TICK_MS_MIN 250
#define TICK_MS_MAX 1000
#define MS_PER_S 1000
#define NS_PER_US 1000
#define CASES_MAX 65536
#define CASES_OF_TEXT 20
/* A filter that names so few wants to be told of them, whatever they are. */
#define FEW_FLOWS 10
#define STATUS_WRONG 10
#define STATUS_NO_MATCH 11

struct why {
	const struct why_options *options;
	struct view *view;
	struct source *source;
	struct history *history; /* by slot of the flow table */
	size_t history_limit;
	struct why_cases cases, fine; /* fine ones are kept apart, since few are told */
	struct why_tally tally;
	struct peers peers;
	struct host_reading *host; /* of each host, as the window began */
	unsigned hosts;
	uint64_t host_begin_ns;		    /* when those were read */
	uint64_t begin_ns, last_ns;	    /* of the window */
	uint64_t readings, readings_wanted; /* of the window; 0: as many as there are */
	uint64_t windows;
	bool has_terminal, is_wrong, met_any;
};

static bool is_offline(const struct why *w)
{
	return w->source->offline && !w->source->is_live;
}

static struct subject subject_of(struct why *w, const struct flow *f, const struct ev_extra *extra,
				 struct history *h, uint64_t time_ns)
{
	struct subject s = subject_of_flow(f->state, &f->ident, &f->count, extra, time_ns);

	s.history = h;
	s.peer_lives = peers_lives(&w->peers, &f->ident);
	return s;
}

/* Enter a verdict where it belongs. */
static void enter(struct why *w, uint64_t id, const struct subject *s, const struct verdict *v)
{
	why_tally_count(&w->tally, s, v);
	if (!v->rule)
		return;
	if (v->severity >= SEVERITY_SLOW)
		w->is_wrong = true;
	why_cases_put(v->severity > SEVERITY_FINE ? &w->cases : &w->fine, id, s, v);
}

static void take_close(struct why *w, const struct news *news, struct subject *s)
{
	const struct event *ev = news->close;
	struct verdict v;

	if (s->kind == SUBJECT_LISTENER)
		return;
	s->kind = SUBJECT_CLOSED;
	s->time_ns = ev->time_ns;
	s->end_reason = ev->head.end_reason;
	s->flags = ev->head.flags;
	s->error = ev->head.error;
	verdict_judge(s, &v);
	enter(w, news->flow->id, s, &v);
}

static void on_interval(struct consumer *c, const struct news *news)
{
	struct why *w = c->state;
	const struct flow *f = news->flow;
	uint32_t slot = flow_table_slot(&c->engine->flows, f);
	struct history *h = &w->history[slot];
	struct subject s = subject_of(w, f, news->extra, h, c->engine->now_ns);

	w->met_any = true;
	if (news->close)
		s.time_ns = news->close->time_ns;
	history_note(h, f->id, &s);
	if (news->close)
		take_close(w, news, &s);
}

/* All that is there, in the order of the table: first who lives, then what is to be said. */
static void for_each_flow(struct consumer *c,
			  void (*take)(struct consumer *c, const struct flow *f, uint32_t slot))
{
	const struct flow_table *t = &c->engine->flows;

	for (uint32_t i = 0; i < t->used; i++) {
		const struct flow *f = &t->flow[i];

		/* A slot that was left still holds who had it. */
		if (f->has_ident && !f->closed && f->wanted >> c->index & 1 &&
		    engine_takes_state(c, f->state) && flow_table_find(t, f->id) == f)
			take(c, f, i);
	}
}

static void see_alive(struct consumer *c, const struct flow *f, uint32_t slot)
{
	struct why *w = c->state;

	peers_note(&w->peers, &f->ident, engine_extra(c->engine, slot));
}

static void judge(struct consumer *c, const struct flow *f, uint32_t slot)
{
	struct why *w = c->state;
	struct history *h = w->history[slot].id == f->id ? &w->history[slot] : NULL;
	struct subject s = subject_of(w, f, engine_extra(c->engine, slot), h, w->last_ns);
	struct verdict v;

	s.read_ns = h ? h->last_ns : 0;
	verdict_judge(&s, &v);
	enter(w, f->id, &s, &v);
	if (h)
		history_turn(h, &s);
}

static void judge_host(struct why *w, unsigned host)
{
	struct host_reading now;
	struct subject s = {
		.kind = SUBJECT_HOST,
		.time_ns = w->last_ns,
		.host = &now,
		.host_then = &w->host[host],
		.window_us = (w->last_ns - w->host_begin_ns) / NS_PER_US,
	};
	struct verdict v;

	w->source->ops->host_reading(w->source, host, &now);
	verdict_judge(&s, &v);
	why_tally_host(&w->tally, &now);
	if (v.rule)
		enter(w, (uint64_t)host << EV_ID_HOST_SHIFT, &s, &v);
	w->host[host] = now;
}

static void read_hosts(struct why *w, uint64_t time_ns)
{
	for (unsigned i = 0; i < w->hosts; i++)
		w->source->ops->host_reading(w->source, i, &w->host[i]);
	w->host_begin_ns = time_ns;
}

static void put_cases(struct why *w, struct why_cases *cases, uint64_t limit)
{
	why_cases_sort(cases);
	for (size_t i = 0; i < cases->table.used && (!limit || i < limit); i++) {
		uint64_t flows;
		const struct why_case *one = why_cases_at(cases, i, &flows);
		struct row row = {
			.context = &w->view->context,
			.time_ns = w->last_ns,
			.id = one->id,
			.state = one->state,
			.end_reason = one->end_reason,
			.error = one->error,
			.flows = flows,
			.count = one->count,
			.ident = one->has_ident ? &one->ident : NULL,
			.owners = &one->owners,
			.extra = one->has_extra ? &one->extra : NULL,
			.verdict = &one->verdict,
		};

		view_row(w->view, &row);
	}
}

static bool is_text(const struct why *w)
{
	return !strcmp(w->view->sink->name, "why");
}

/* Was it asked for some connections by what they are? */
static bool has_filter(const struct question *q)
{
	return q->where || q->by_pid || q->unit || q->container || q->lports || q->rports ||
	       q->cgroup || q->states || q->tuples || q->cgroup_map;
}

/* The end of a window: judge, tell, begin anew. */
static void report(struct consumer *c)
{
	struct why *w = c->state;
	const struct why_options *o = w->options;
	uint64_t limit = c->question->rows ? c->question->rows : is_text(w) ? CASES_OF_TEXT : 0;

	w->peers = (struct peers){0};
	for_each_flow(c, see_alive);
	for_each_flow(c, judge);
	for (unsigned i = 0; i < w->hosts; i++)
		judge_host(w, i);
	w->host_begin_ns = w->last_ns;
	w->tally.window_us = (w->last_ns - w->begin_ns) / NS_PER_US;
	w->tally.has_filter = has_filter(c->question);
	w->tally.is_first = !w->windows;
	if (o->interval_s)
		w->tally.time_ns =
			w->last_ns + (uint64_t)w->view->context.clock->realtime_offset_ns;
	w->tally.shows_fine = o->all || (w->tally.flows <= FEW_FLOWS && w->tally.has_filter);
	w->tally.hidden = limit && w->cases.table.used > limit ? w->cases.table.used - limit : 0;
	w->tally.refused = w->cases.table.refused;
	w->view->tick_ns = w->last_ns;
	w->view->section_now = -1;
	w->view->sink->tick_begin(w->view);
	put_cases(w, &w->cases, limit);
	if (w->tally.shows_fine)
		put_cases(w, &w->fine, limit);
	w->view->sink->tick_end(w->view);
	if (w->source->ops->tells_ticks && !strcmp(w->view->sink->name, "json"))
		why_json_unrecorded(&w->tally, w->view->tag, w->view->out);
	out_end_record(w->view->out);
	why_cases_clear(&w->cases);
	why_cases_clear(&w->fine);
	w->tally = (struct why_tally){0};
	w->begin_ns = w->last_ns;
	w->readings = 0;
	w->windows++;
}

static void show_progress(const struct why *w)
{
	if (w->has_terminal && w->readings_wanted)
		fprintf(stderr, "\rwatching: %3llu %%",
			(unsigned long long)(100 * w->readings / w->readings_wanted));
}

static void clear_progress(const struct why *w)
{
	if (w->has_terminal)
		fputs("\r\033[K", stderr);
}

static void end_window(struct consumer *c)
{
	struct why *w = c->state;

	clear_progress(w);
	report(c);
	if (!w->options->interval_s || (w->options->count && w->windows >= w->options->count))
		c->done = true;
}

/* Owners are told when the window ends: to look for them at each reading would be for nobody. */
static void need_owners_at_end(struct consumer *c)
{
	const struct why *w = c->state;
	bool is_last = !w->readings_wanted || w->readings + 1 >= w->readings_wanted;

	c->needs = is_last ? c->needs | NEED_OWNER : c->needs & ~(unsigned)NEED_OWNER;
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	struct why *w = c->state;

	/* The first reading is where the first window begins. */
	if (!w->begin_ns) {
		w->begin_ns = time_ns;
		/* A recording tells what was before it is told what happened. */
		if (is_offline(w))
			w->host_begin_ns = c->engine->begun_ns;
		else
			read_hosts(w, time_ns);
	} else {
		w->readings++;
	}
	w->last_ns = time_ns;
	show_progress(w);
	if (w->readings_wanted && w->readings >= w->readings_wanted)
		end_window(c);
	need_owners_at_end(c);
}

static void on_gap(struct consumer *c, const struct source_gap *gap)
{
	struct why *h = c->state;

	view_gap(h->view, gap);
}

static int on_start(struct consumer *c, struct source *source, uid_t uid, gid_t gid)
{
	struct why *w = c->state;
	const struct why_options *o = w->options;
	uint64_t window_s = o->interval_s ? o->interval_s : o->for_s ? o->for_s : FOR_S_DEFAULT;

	(void)uid;
	(void)gid;
	w->source = source;
	w->has_terminal = !is_offline(w) && isatty(STDERR_FILENO);
	/* A file is judged as a whole. */
	if (!is_offline(w) || o->interval_s)
		w->readings_wanted = window_s * MS_PER_S / c->question->tick_ms;
	if (source->ops->host_reading) {
		w->hosts = source_hosts(source);
		w->host = xcalloc(w->hosts, sizeof(*w->host));
	}
	if (is_offline(w))
		read_hosts(w, 0);
	w->history_limit = c->engine->max_flows;
	w->history = reserve((w->history_limit + 1) * sizeof(*w->history));
	why_cases_init(&w->cases, CASES_MAX, o->no_group || !is_text(w));
	why_cases_init(&w->fine, CASES_MAX, o->no_group || !is_text(w));
	w->cases.context = w->fine.context = &w->view->context;
	return 0;
}

static void on_end(struct consumer *c, const struct account *account)
{
	struct why *w = c->state;

	clear_progress(w);
	if (!w->windows || w->readings || w->cases.table.used)
		report(c);
	view_end(w->view, account);
	/* The text says so itself. */
	if (!w->met_any && !is_text(w))
		log_warn(has_filter(c->question) ? "no connection matches the filter"
						 : "there is no connection");
	if (w->options->check)
		c->status = w->is_wrong ? STATUS_WRONG : w->met_any ? 0 : STATUS_NO_MATCH;
}

static uint64_t overflow(const struct consumer *c)
{
	const struct why *w = c->state;

	return w->cases.table.refused;
}

static void on_free(struct consumer *c)
{
	struct why *w = c->state;

	if (w->history)
		reserve_free(w->history, (w->history_limit + 1) * sizeof(*w->history));
	why_cases_done(&w->cases);
	why_cases_done(&w->fine);
	free(w->host);
	free(w);
}

static const struct consumer_ops ops = {
	.name = "why",
	.interval = on_interval,
	.start = on_start,
	.tick = on_tick,
	.gap = on_gap,
	.end = on_end,
	.overflow = overflow,
	.free = on_free,
};

static void put_heading(const struct view *view, struct out *out)
{
	const struct why *w = view->consumer->state;

	why_text_heading(&w->tally, w->source, out);
}

static void put_footing(const struct view *view, struct out *out)
{
	const struct why *w = view->consumer->state;

	why_text_footing(&w->tally, w->source, out);
}

/* As often as makes READINGS of a window, within reason. */
static uint64_t tick_ms(uint64_t window_s)
{
	uint64_t ms = window_s * MS_PER_S / READINGS;

	return ms < TICK_MS_MIN ? TICK_MS_MIN : ms > TICK_MS_MAX ? TICK_MS_MAX : ms;
}

int why_wrap(struct consumer *c, struct view *view, struct usage_error *error)
{
	struct why *w = xcalloc(1, sizeof(*w));
	const struct why_options *o = c->question->own;

	(void)error;
	w->options = o;
	w->view = view;
	c->question->tick_ms = tick_ms(o->interval_s ? o->interval_s
				       : o->for_s    ? o->for_s
						     : FOR_S_DEFAULT);
	view->layout.heading = put_heading;
	view->layout.footing = put_footing;
	c->ops = &ops;
	c->state = w;
	c->wants = WANT_INTERVALS | WANT_ALL | WANT_LISTENERS;
	c->needs |= NEED_VERDICT | NEED_OWNER | NEED_LEVELS;
	return 0;
}
