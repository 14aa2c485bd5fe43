// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/otlp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "consumer/exporter.h"
#include "consumer/metrics_state.h"
#include "consumer/otlp_log.h"
#include "consumer/otlp_metrics.h"
#include "engine/clock.h"
#include "engine/consumer.h"
#include "engine/needs.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/workload_of.h"
#include "push/otlp.h"
#include "util/cgroup.h"
#include "util/log.h"
#include "util/out.h"
#include "util/xalloc.h"
#include "view/view.h"

/* A body is handed over when it has so many records, or so many bytes. */
#define BATCH_RECORDS 500
#define BATCH_BYTES (3u << 20)
#define SECRET_MAX 65536

struct otlp {
	struct exporter exporter;
	const struct otlp_options *options;
	struct view *view;
	struct otlp_resource resource;
	unsigned host; /* whose that is */
	struct otlp_settings settings;
	struct out body;
	uint32_t records;	 /* in `body` */
	struct metrics *metrics; /* NULL: they are not sent */
};

/* The next record is of this host. True if it is the first of its resource. */
static bool take_host(struct otlp *o, unsigned host)
{
	bool is_other = host != o->host;

	if (is_other)
		otlp_resource_find(&o->resource, o->exporter.source, host);
	o->host = host;
	if (!o->records) {
		exporter_batch_begins(&o->exporter);
		out_init_memory(&o->body);
		otlp_log_begin(&o->body, &o->resource);
	} else if (is_other) {
		otlp_log_next(&o->body, &o->resource);
	}
	return is_other || !o->records;
}

static void send_body(struct consumer *c)
{
	struct otlp *o = c->state;
	uint32_t records = o->records;
	size_t len;
	char *body;

	if (!records)
		return;
	otlp_log_end(&o->body);
	body = out_take(&o->body, &len);
	o->body = (struct out){.buf = NULL};
	o->records = 0;
	exporter_send(&o->exporter, OTLP_LOGS, body, len, records);
}

static void on_closed(struct consumer *c, const struct event *ev)
{
	struct otlp *o = c->state;
	const struct source *source = o->exporter.source;
	unsigned host = source->ops->host_of ? source->ops->host_of(source, ev->head.id) : 0;
	const struct cgroup_info *workload = workload_of(o->view->context.cgroups, &ev->ident);
	int64_t unix_ns = (int64_t)ev->time_ns + source->clock->realtime_offset_ns;
	bool is_first;

	/* Metrics are of listeners too. */
	if (o->options->no_logs || ev->ident.role == ROLE_LISTEN)
		return;
	is_first = take_host(o, host);
	otlp_log_put(&o->body, &o->resource, ev, ev->head.id ^ (uint64_t)host << EV_ID_HOST_SHIFT,
		     workload, unix_ns, is_first);
	if (++o->records >= BATCH_RECORDS || o->body.used >= BATCH_BYTES)
		send_body(c);
}

static void on_opened(struct consumer *c, const struct flow *flow)
{
	struct otlp *o = c->state;

	if (o->metrics)
		metrics_opened(o->metrics, flow);
}

static void on_interval(struct consumer *c, const struct news *news)
{
	struct otlp *o = c->state;

	if (o->metrics)
		metrics_interval(o->metrics, news);
}

static void send_metrics(void *context, struct out *out, uint32_t points)
{
	struct otlp *o = context;
	size_t len;
	char *body = out_take(out, &len);

	exporter_send(&o->exporter, OTLP_METRICS, body, len, points);
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	struct otlp *o = c->state;
	const struct otlp_bodies bodies = {send_metrics, o};

	if (o->metrics) {
		metrics_turn(o->metrics, time_ns);
		otlp_metrics_put(o->metrics, &o->resource, &bodies);
	}
	exporter_tick(c, time_ns);
}

/* Headers and token go to the child; what this process had of them is forgotten. */
static int start_process(struct consumer *c, struct source *source, uid_t uid, gid_t gid)
{
	struct otlp *o = c->state;
	struct otlp_settings *s = &o->settings;
	char *headers = exporter_read(c, o->options->headers_file, true);
	char *token = exporter_read(c, o->options->token_file, true);
	int err = -EACCES;

	if (headers && token) {
		token[strcspn(token, "\r\n")] = '\0';
		s->headers = headers;
		s->token = token;
		err = exporter_start(c, source, otlp_work, s, &s->tls, uid, gid);
		s->headers = s->token = NULL;
	}
	exporter_forget(headers);
	exporter_forget(token);
	return err;
}

static int on_start(struct consumer *c, struct source *source, uid_t uid, gid_t gid)
{
	struct otlp *o = c->state;

	otlp_resource_find(&o->resource, source, 0);
	if (o->metrics)
		metrics_start(o->metrics, source, SERIES_EXPONENTIAL);
	return start_process(c, source, uid, gid);
}

static void on_free(struct consumer *c)
{
	struct otlp *o = c->state;

	exporter_free(&o->exporter);
	if (o->metrics)
		metrics_free(o->metrics);
	out_done(&o->body);
	free(o);
}

static const struct consumer_ops ops = {
	.name = "otlp",
	.opened = on_opened,
	.interval = on_interval,
	.closed = on_closed,
	.tick = on_tick,
	.start = on_start,
	.run = exporter_run,
	.end = exporter_end,
	.overflow = exporter_overflow,
	.exports = exporter_account,
	.free = on_free,
};

int otlp_wrap(struct consumer *c, struct view *view, struct usage_error *error)
{
	static const char *const paths[OTLP_KINDS] = {"/v1/logs", "/v1/metrics"};
	struct otlp *o = xcalloc(1, sizeof(*o));
	const struct otlp_options *options = c->question->own;
	size_t len = strlen(options->endpoint);

	o->options = options;
	o->view = view;
	exporter_init(&o->exporter, &options->exporter, send_body);
	while (len && options->endpoint[len - 1] == '/')
		len--;
	for (int kind = 0; kind < OTLP_KINDS; kind++)
		snprintf(o->settings.url[kind], sizeof(o->settings.url[kind]), "%.*s%s", (int)len,
			 options->endpoint, paths[kind]);
	o->settings.is_insecure = options->is_insecure;
	o->settings.timeout_s = (unsigned)options->exporter.timeout_s;
	o->settings.give_up_s = (unsigned)options->exporter.give_up_s;
	c->state = o;
	c->ops = &ops;
	c->wants = WANT_CLOSED;
	c->needs |= NEED_OWNER | NEED_CGROUPS | NEED_ICMP;
	c->keep_syscalls |= SYSCALLS_PUSH | SYSCALLS_FILES;
	if (!options->sends_metrics)
		return 0;
	o->metrics = metrics_new(c, view, &options->metrics, NAMES_OTLP, error);
	return o->metrics ? 0 : -EINVAL;
}
