// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "consumer/history_other.h"
#include "consumer/history_rows.h"
#include "consumer/history_sums.h"
#include "engine/clock.h"
#include "engine/column_host.h"
#include "engine/engine.h"
#include "engine/needs.h"
#include "engine/question.h"
#include "util/log.h"
#include "util/out.h"
#include "util/when.h"
#include "util/xalloc.h"
#include "verdict/units.h"
#include "view/show.h"
#include "view/sink.h"

#define NS_PER_US 1000
#define NS_PER_S 1000000000ull
#define ROWS_OF_TEXT 20

struct past_history {
	const struct history_options *options;
	struct view *view;
	struct source *source;
	struct history_sums sums;
	struct history_other other; /* of --against */
	struct history_rows rows;
	size_t shown;
};

static uint64_t time_of(const struct past_history *h, int64_t wall_us, uint64_t unless)
{
	int64_t ns = wall_us * NS_PER_US - h->source->clock->realtime_offset_ns;

	return !wall_us ? unless : ns > 0 ? (uint64_t)ns : 0;
}

/* The clock of what is read is known with its first event. */
static void begin(struct past_history *h, const struct consumer *c)
{
	const struct watch *w = h->source->watch;

	if (!h->sums.span.bucket_ns)
		history_sums_begin(&h->sums, time_of(h, w->from_us, c->engine->begun_ns),
				   time_of(h, w->to_us, 0));
}

static void on_opened(struct consumer *c, const struct flow *flow)
{
	struct past_history *h = c->state;

	begin(h, c);
	history_sums_opened(&h->sums, c, flow);
}

static void on_interval(struct consumer *c, const struct news *news)
{
	struct past_history *h = c->state;

	begin(h, c);
	history_sums_news(&h->sums, c, news);
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	(void)time_ns;
	begin(c->state, c);
}

static void on_gap(struct consumer *c, const struct source_gap *gap)
{
	struct past_history *h = c->state;

	view_gap(h->view, gap);
}

/* How long before ours the other span begins; a time of day is the last one before ours. Or 0,
 * logged. */
static int64_t find_other(const struct past_history *h, const struct watch *w)
{
	const char *text = h->options->against;
	int64_t when_us;
	size_t at;
	int err;

	if (h->options->back_us)
		return h->options->back_us;
	err = when_parse(text, w->from_us - 1, &when_us, &at);
	if (err)
		log_error("--against %s: there is no such time on that day", text);
	else if (when_us == w->from_us)
		log_error("--against %s: that is when the span itself begins", text);
	return err ? 0 : w->from_us - when_us;
}

static int on_start(struct consumer *c, struct source *source, uid_t uid, gid_t gid)
{
	struct past_history *h = c->state;
	int64_t back_us;
	int err;

	(void)uid;
	(void)gid;
	h->source = source;
	history_sums_init(&h->sums, h->view, c->engine->max_flows);
	if (!h->options->against)
		return 0;
	back_us = find_other(h, source->watch);
	if (!back_us)
		return -EINVAL;
	err = history_other_open(&h->other, c, h->view, source, back_us);
	if (err)
		log_error("the span of --against %s cannot be read", h->options->against);
	return err;
}

static bool is_text(const struct past_history *h)
{
	return strcmp(h->view->sink->name, "json") && strcmp(h->view->sink->name, "csv");
}

static void put_number(struct out *out, uint64_t n, enum fact_unit unit)
{
	char text[UNIT_TEXT_MAX];

	out_mem(out, text, unit_format((int64_t)n, unit, text));
}

static void put_date(struct out *out, const struct tm *tm)
{
	char text[32];

	strftime(text, sizeof(text), "%Y-%m-%d ", tm);
	out_str(out, text);
}

static void put_clock(struct out *out, const struct tm *tm)
{
	char text[32];

	strftime(text, sizeof(text), "%H:%M:%S", tm);
	out_str(out, text);
}

static struct tm local_time(const struct clock *clock, uint64_t time_ns)
{
	time_t second =
		(time_t)(((int64_t)time_ns + clock->realtime_offset_ns) / (int64_t)NS_PER_S);
	struct tm tm;

	localtime_r(&second, &tm);
	return tm;
}

/* "2026-11-24 03:12:00 to 03:14:00 CET (2 min)" and what happened in it. */
static void put_span(struct out *out, const struct clock *clock, const struct history_sums *s)
{
	struct tm from = local_time(clock, s->span.begin_ns),
		  to = local_time(clock, s->span.end_ns);
	bool same_day = from.tm_yday == to.tm_yday && from.tm_year == to.tm_year;

	put_date(out, &from);
	put_clock(out, &from);
	out_str(out, " to ");
	if (!same_day)
		put_date(out, &to);
	put_clock(out, &to);
	out_format(out, " %s (", to.tm_zone);
	put_number(out, (s->span.end_ns - s->span.begin_ns) / NS_PER_US, UNIT_US);
	out_str(out, "): ");
	put_number(out, s->flows, UNIT_COUNT);
	out_str(out, s->flows == 1 ? " connection, " : " connections, ");
	put_number(out, s->failures, UNIT_COUNT);
	out_str(out, " failed, ");
	put_number(out, s->bytes, UNIT_BYTES);
	out_char(out, '\n');
}

static void put_comparison(struct out *out, const struct past_history *h)
{
	const uint64_t *n = h->rows.changed;

	out_str(out, "against ");
	put_span(out, &h->other.clock, &h->other.sums);
	out_format(out,
		   "%llu new, %llu gone, %llu with ten times more, %llu with a tenth, %llu much as "
		   "they were%s\n",
		   (unsigned long long)n[PAST_NEW], (unsigned long long)n[PAST_GONE],
		   (unsigned long long)n[PAST_MORE], (unsigned long long)n[PAST_LESS],
		   (unsigned long long)n[PAST_SAME],
		   n[PAST_SAME] && !h->options->all ? " (--all shows them)" : "");
}

static void put_heading(const struct view *view, struct out *out)
{
	const struct past_history *h = view->consumer->state;

	put_span(out, h->source->clock, &h->sums);
	if (h->options->against)
		put_comparison(out, h);
	if (h->shown < h->rows.count)
		out_format(out, "the first %zu of %zu rows (--rows)\n", h->shown, h->rows.count);
	out_char(out, '\n');
}

static void report(struct past_history *h, struct consumer *c)
{
	struct view *view = h->view;
	uint64_t limit = c->question->rows ? c->question->rows : is_text(h) ? ROWS_OF_TEXT : 0;

	history_rows_make(&h->rows, view, &h->sums, h->options->against ? &h->other.sums : NULL,
			  h->options->all);
	h->shown = limit && limit < h->rows.count ? (size_t)limit : h->rows.count;
	view->section_now = -1;
	view->tick_ns = h->sums.span.end_ns;
	view->sink->tick_begin(view);
	for (size_t i = 0; i < h->shown; i++) {
		struct row row = history_rows_get(&h->rows, view, i);

		view_row(view, &row);
	}
	view->sink->tick_end(view);
	out_end_record(view->out);
}

static void on_end(struct consumer *c, const struct account *account)
{
	struct past_history *h = c->state;
	uint64_t last_ns = c->engine->now_ns;

	begin(h, c);
	history_sums_end(&h->sums, c, last_ns);
	if (h->options->against && history_other_read(&h->other))
		c->status = 1;
	report(h, c);
	view_end(h->view, account);
	if (!h->sums.met_any && !h->other.sums.met_any)
		log_warn("no connection matches");
}

static uint64_t overflow(const struct consumer *c)
{
	const struct past_history *h = c->state;

	return h->sums.groups.refused + h->other.sums.groups.refused +
	       h->other.engine.flows.refused;
}

static void on_free(struct consumer *c)
{
	struct past_history *h = c->state;

	history_rows_done(&h->rows);
	history_other_close(&h->other);
	history_sums_done(&h->sums);
	free(h);
}

static const struct consumer_ops ops = {
	.name = "history",
	.opened = on_opened,
	.interval = on_interval,
	.tick = on_tick,
	.gap = on_gap,
	.start = on_start,
	.end = on_end,
	.overflow = overflow,
	.free = on_free,
};

int history_wrap(struct consumer *c, struct view *view, struct usage_error *error)
{
	struct past_history *h = xcalloc(1, sizeof(*h));

	(void)error;
	h->options = c->question->own;
	h->view = view;
	view->layout.heading = put_heading;
	c->ops = &ops;
	c->state = h;
	c->wants = WANT_OPENED | WANT_INTERVALS;
	c->needs |= NEED_VERDICT | NEED_OWNER | NEED_ERROR;
	return 0;
}
