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
#include "consumer/otlp_batch.h"
#include "consumer/otlp_log.h"
#include "consumer/otlp_metrics.h"
#include "consumer/otlp_missed.h"
#include "engine/clock.h"
#include "engine/consumer.h"
#include "engine/engine.h"
#include "engine/needs.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/watch.h"
#include "engine/workload_of.h"
#include "push/otlp.h"
#include "util/cgroup.h"
#include "util/log.h"
#include "util/out.h"
#include "util/xalloc.h"
#include "view/view.h"

#define NS_PER_US 1000
/* When the recording is looked at again: while there is more to be skipped, and for what is new. */
#define SOON_MS 5
#define LATER_MS 500

struct otlp {
	struct exporter exporter;
	const struct otlp_options *options;
	struct view *view;
	struct otlp_resource resource;
	unsigned host; /* whose that is */
	char sender[48];
	struct otlp_settings settings;
	struct otlp_batch batch;
	struct metrics *metrics;    /* NULL: they are not sent */
	struct otlp_missed *missed; /* NULL: what is missed is lost */
};

static void send_batch(struct otlp *o)
{
	struct push_job job;
	void *body;

	if (!o->batch.records)
		return;
	body = otlp_batch_take(&o->batch, &job);
	exporter_send(&o->exporter, &job, body);
}

/* What was not even handed over comes from the recording with the rest. */
static void drop_batch(struct otlp *o)
{
	const struct push_observer *observer = &o->exporter.push.observer;
	struct push_job job;

	if (!o->batch.records)
		return;
	free(otlp_batch_take(&o->batch, &job));
	observer->ended(observer->context, &job, PUSH_DROPPED);
}

/* What an outage left, as the collector takes it. */
static void send_missed(struct otlp *o)
{
	struct otlp_missed *m = o->missed;
	struct push *p = &o->exporter.push;
	enum otlp_missed_next next = OTLP_MISSED_BATCH;
	struct otlp_batch batch = {.records = 0};
	struct push_job job;
	void *body;

	if (otlp_missed_has_begun(m)) {
		push_drop(p, OTLP_LOGS);
		drop_batch(o);
	}
	while (next == OTLP_MISSED_BATCH && push_has_room(p)) {
		next = otlp_missed_read(m, &batch);
		if (next != OTLP_MISSED_BATCH)
			continue;
		body = otlp_batch_take(&batch, &job);
		otlp_missed_sends(m, &job);
		exporter_send(&o->exporter, &job, body);
	}
	p->account.dropped += otlp_missed_lost(m);
	if (otlp_missed_is_behind(m))
		exporter_come_back(&o->exporter, next == OTLP_MISSED_MORE ? SOON_MS : LATER_MS);
}

static uint64_t oldest_us(const struct otlp *o)
{
	uint64_t oldest = push_oldest_us(&o->exporter.push, OTLP_LOGS);

	return o->batch.records && o->batch.first_us < oldest ? o->batch.first_us : oldest;
}

static void on_answered(struct consumer *c)
{
	struct otlp *o = c->state;

	send_missed(o);
	otlp_missed_save(o->missed, oldest_us(o), false);
}

static void flush(struct consumer *c)
{
	send_batch(c->state);
}

static void on_closed(struct consumer *c, const struct event *ev)
{
	struct otlp *o = c->state;
	const struct source *source = o->exporter.source;
	unsigned host = source->ops->host_of ? source->ops->host_of(source, ev->head.id) : 0;
	bool is_other = host != o->host;
	const struct otlp_record record = {
		.resource = &o->resource,
		.ev = ev,
		.flow_id = ev->head.id ^ (uint64_t)host << EV_ID_HOST_SHIFT,
		.unix_ns = (int64_t)ev->time_ns + source->clock->realtime_offset_ns,
		.workload = workload_of(o->view->context.cgroups, &ev->ident),
	};

	/* Metrics are of listeners too. */
	if (o->options->no_logs || ev->ident.role == ROLE_LISTEN)
		return;
	if (o->missed && otlp_missed_takes(o->missed, ev->time_ns / NS_PER_US))
		return;
	if (is_other)
		otlp_resource_find(&o->resource, source, host, o->sender);
	o->host = host;
	if (!o->batch.records)
		exporter_batch_begins(&o->exporter);
	if (otlp_batch_put(&o->batch, &record, ev->time_ns / NS_PER_US, is_other))
		send_batch(o);
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

	exporter_send(&o->exporter,
		      &(struct push_job){.kind = OTLP_METRICS, .records = points, .bytes = len},
		      body);
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

/*
 * An agent's sections keep their places; of other runs there may be several at a time, of which
 * none comes again.
 */
static void name_sender(struct otlp *o, const struct consumer *c)
{
	unsigned place = 1;

	for (unsigned i = 0; i < c->index; i++)
		place += c->engine->consumer[i] && c->engine->consumer[i]->ops == c->ops;
	if (c->question->watch->agent)
		snprintf(o->sender, sizeof(o->sender), "agent/%u", place);
	else
		snprintf(o->sender, sizeof(o->sender), "%d.%llu/%u", (int)getpid(),
			 (unsigned long long)clock_now_ns(), place);
}

static int on_start(struct consumer *c, struct source *source, uid_t uid, gid_t gid)
{
	struct otlp *o = c->state;
	int err;

	name_sender(o, c);
	otlp_resource_find(&o->resource, source, 0, o->sender);
	if (o->metrics)
		metrics_start(o->metrics, source, SERIES_EXPONENTIAL);
	if (!c->wants_recording)
		return start_process(c, source, uid, gid);
	o->missed = otlp_missed_open(c, source, &o->resource, o->options->endpoint);
	err = o->missed ? start_process(c, source, uid, gid) : -EIO;
	if (err)
		return err;
	o->exporter.push.observer = otlp_missed_observer(o->missed);
	o->exporter.answered = on_answered;
	exporter_come_back(&o->exporter, SOON_MS);
	return 0;
}

static int on_check(struct consumer *c)
{
	const struct otlp *o = c->state;
	const struct exporter_file files[] = {{o->options->headers_file, true},
					      {o->options->token_file, true}};
	int err = exporter_check_files(c, files, sizeof(files) / sizeof(files[0]));
	int more = exporter_check(c, &o->options->exporter);

	if (!otlp_can_send())
		err = -ENOENT;
	return err ? err : more;
}

static void on_end(struct consumer *c, const struct account *account)
{
	struct otlp *o = c->state;

	exporter_end(c, account);
	if (!o->missed)
		return;
	if (otlp_missed_is_behind(o->missed))
		log_warn("otlp: what the collector has not taken waits in %s for the next run",
			 c->recording);
	otlp_missed_save(o->missed, UINT64_MAX, true);
}

static void on_free(struct consumer *c)
{
	struct otlp *o = c->state;

	exporter_free(&o->exporter);
	if (o->metrics)
		metrics_free(o->metrics);
	otlp_batch_done(&o->batch);
	if (o->missed)
		otlp_missed_close(o->missed);
	free(o);
}

static const struct consumer_ops ops = {
	.name = "otlp",
	.opened = on_opened,
	.interval = on_interval,
	.closed = on_closed,
	.tick = on_tick,
	.start = on_start,
	.check = on_check,
	.run = exporter_run,
	.end = on_end,
	.overflow = exporter_overflow,
	.exports = exporter_account,
	.free = on_free,
};

/* "http://[::1]:4318/x": 4318. */
static void take_port(struct otlp_settings *s, const char *url)
{
	const char *host = strstr(url, "://") + 3, *end = host + strcspn(host, "/?#"), *at = end;

	while (at > host && at[-1] >= '0' && at[-1] <= '9')
		at--;
	if (at < end && at > host && at[-1] == ':')
		snprintf(s->port, sizeof(s->port), "%.*s", (int)(end - at), at);
	else
		snprintf(s->port, sizeof(s->port), "%s", strncmp(url, "https", 5) ? "80" : "443");
}

int otlp_wrap(struct consumer *c, struct view *view, struct usage_error *error)
{
	static const char *const paths[OTLP_KINDS] = {"/v1/logs", "/v1/metrics"};
	struct otlp *o = xcalloc(1, sizeof(*o));
	const struct otlp_options *options = c->question->own;
	size_t len = strlen(options->endpoint);

	o->options = options;
	o->view = view;
	exporter_init(&o->exporter, &options->exporter, flush);
	while (len && options->endpoint[len - 1] == '/')
		len--;
	for (int kind = 0; kind < OTLP_KINDS; kind++)
		snprintf(o->settings.url[kind], sizeof(o->settings.url[kind]), "%.*s%s", (int)len,
			 options->endpoint, paths[kind]);
	take_port(&o->settings, options->endpoint);
	o->settings.is_insecure = options->is_insecure;
	o->settings.timeout_s = (unsigned)options->exporter.timeout_s;
	o->settings.give_up_s = (unsigned)options->exporter.give_up_s;
	c->state = o;
	c->ops = &ops;
	c->wants = WANT_CLOSED;
	c->needs |= NEED_OWNER | NEED_CGROUPS | NEED_ICMP;
	c->keep_syscalls |= SYSCALLS_PUSH | SYSCALLS_FILES;
	c->wants_recording = options->from_recording;
	if (c->wants_recording)
		c->keep_syscalls |= SYSCALLS_RECORD;
	if (!options->sends_metrics)
		return 0;
	o->metrics = metrics_new(c, view, &options->metrics, NAMES_OTLP, error);
	return o->metrics ? 0 : -EINVAL;
}
