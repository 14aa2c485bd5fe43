// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/metrics.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "consumer/agent.h"
#include "consumer/metrics_options.h"
#include "consumer/metrics_state.h"
#include "engine/clock.h"
#include "engine/engine.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/usage.h"
#include "serve/http.h"
#include "serve/negotiate.h"
#include "util/log.h"
#include "view/view.h"

#define NS_PER_S 1000000000ull

const char *const metrics_name_sets[] = {"tcpsight", "otel", NULL};

static void answer(void *context, struct http_request *q)
{
	static const char *const types[] = {"text/plain;version=0.0.4",
					    "application/openmetrics-text;version=1.0.0", NULL};
	struct metrics *m = context;
	size_t choice = negotiate_type(http_header(q, "Accept"), types);

	/* Some scrapers send odd headers: they get the older format. */
	http_answer_body(q, 200,
			 metrics_page(m,
				      choice == SIZE_MAX ? EXPOSE_TEXT : (enum expose_format)choice,
				      negotiate_coding(http_header(q, "Accept-Encoding"), "gzip")));
}

static void put_status(void *context, struct out *out)
{
	const struct metrics *m = context;

	out_format(out, "\"groups\":%u,\"series\":%u,\"left\":%llu,\"build_seconds\":%.6f",
		   m->flows.count, m->series_all, (unsigned long long)m->flows.expired_groups,
		   m->build_s);
}

static void on_opened(struct consumer *c, const struct flow *flow)
{
	metrics_opened(c->state, flow);
}

static void on_interval(struct consumer *c, const struct news *news)
{
	metrics_interval(c->state, news);
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	struct metrics *m = c->state;

	metrics_turn(m, time_ns);
	metrics_page_drop(m);
	if (m->agent)
		return;
	metrics_page_write(m, &m->out, EXPOSE_TEXT);
	if (out_flush(&m->out))
		c->done = c->is_gone = true;
}

static int on_start(struct consumer *c, struct source *source, uid_t uid, gid_t gid)
{
	struct metrics *m = c->state;

	(void)uid;
	(void)gid;
	metrics_start(m, source, 0);
	if (!m->agent)
		out_init(&m->out, STDOUT_FILENO);
	return 0;
}

static void on_end(struct consumer *c, const struct account *account)
{
	(void)c;
	(void)account;
}

static void on_free(struct consumer *c)
{
	struct metrics *m = c->state;

	metrics_page_drop(m);
	if (m->out.buf)
		out_done(&m->out);
	metrics_free(m);
}

static int on_reload(struct consumer *c, const struct question *q, bool is_trial,
		     struct usage_error *error)
{
	struct metrics *m = c->state;
	const struct metrics_options *o = q->own;
	struct metrics_labels labels = m->labels;

	labels.prefixes = o->prefixes;
	if (metrics_labels_parse(&labels, o->by ? o->by : m->by, error))
		return -EINVAL;
	if (metrics_labels_needs(&labels) & ~c->engine->needs) {
		error->argument = o->by;
		snprintf(
			error->text, sizeof(error->text),
			"argument --by: what tells of owners and cgroups was not loaded at the start");
		return -EINVAL;
	}
	if (is_trial)
		return 0;
	if (o->series_limit > m->flows.places)
		log_warn("series-limit of metrics can grow with a new start only: it stays %u",
			 m->flows.places);
	/* Other labels are other series: what the old ones had counted is kept in the sums. */
	if (labels.count != m->labels.count ||
	    memcmp(labels.label, m->labels.label, labels.count * sizeof(labels.label[0])) ||
	    o->prefixes || m->labels.prefixes) {
		series_expire_all(&m->flows, clock_now_ns());
		series_expire_all(&m->listeners, clock_now_ns());
	}
	m->labels = labels;
	m->options = o;
	m->is_new_filter = true;
	metrics_labels_other(&m->labels, false, m->other[0]);
	metrics_labels_other(&m->labels, true, m->other[1]);
	m->flows.limits.per_metric = m->listeners.limits.per_metric =
		o->series_limit < m->flows.places ? (uint32_t)o->series_limit : m->flows.places;
	m->flows.limits.total = m->listeners.limits.total = (uint32_t)o->series_limit_total;
	m->flows.limits.idle_ns = m->listeners.limits.idle_ns = o->idle_s * NS_PER_S;
	metrics_page_drop(m);
	return 0;
}

static void on_shrunk(struct consumer *c, uint32_t from, uint32_t to)
{
	metrics_shrink(c->state, from, to);
}

static const struct consumer_ops ops = {
	.name = "metrics",
	.reload = on_reload,
	.shrunk = on_shrunk,
	.opened = on_opened,
	.interval = on_interval,
	.tick = on_tick,
	.start = on_start,
	.end = on_end,
	.free = on_free,
};

static int serve(struct metrics *m, struct usage_error *error)
{
	const struct http_route route = {"/metrics", HTTP_METRICS, .answer = answer, .context = m};
	const struct agent_part part = {.name = "metrics", .status = put_status, .context = m};
	const struct metrics_options *o = m->options;
	int err = 0;

	http_add_route(m->agent->http, &route);
	agent_add_part(m->agent, &part);
	for (uint64_t i = 0; i < o->listen_count && !err; i++)
		err = agent_listen(m->agent, o->listen[i], HTTP_METRICS, o->anyone, error);
	return err;
}

int metrics_wrap(struct consumer *c, struct view *view, struct usage_error *error)
{
	const struct metrics_options *o = c->question->own;
	bool is_otel = o->names && !strcmp(o->names, "otel");
	struct metrics *m;

	c->wants = 0;
	m = metrics_new(c, view, o, is_otel ? NAMES_OTEL : NAMES_TCPSIGHT, error);
	if (!m)
		return -EINVAL;
	m->agent = agent_of(c->question);
	c->state = m;
	c->ops = &ops;
	c->keep_syscalls |= SYSCALLS_FILES;
	if ((o->listen_count || o->anyone) && !m->agent) {
		snprintf(
			error->text, sizeof(error->text),
			"argument --listen: only an agent serves: tcpsight agent --also 'metrics ...'");
		return -EINVAL;
	}
	return m->agent ? serve(m, error) : 0;
}
