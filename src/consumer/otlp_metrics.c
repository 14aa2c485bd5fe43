// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/otlp_metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumer/metrics_state.h"
#include "consumer/otlp_json.h"
#include "consumer/otlp_resource.h"
#include "engine/clock.h"
#include "metrics/exponential.h"
#include "metrics/metric.h"
#include "util/out.h"
#include "view/view.h"

#define BODY_BYTES (3u << 20)
#define CUMULATIVE "\"aggregationTemporality\":2"
#define NS_PER_US 1000
#define US_PER_S 1e6
#define TEXT_MAX 512

/* The metric that points are written of; it is opened by its first. */
struct otlp_sheet {
	struct expose expose; /* first: an operation is given it */
	struct out out;
	const struct otlp_resource *resource;
	const struct otlp_bodies *bodies;
	uint64_t time_ns, started_ns; /* since 1970: of all points, and of what is no series */
	uint32_t points;
	char name[TEXT_MAX / 4], unit[24], help[TEXT_MAX];
	const char *kind; /* the member that holds its points, and what stands before those */
	const char *before;
	bool is_open;
};

static struct otlp_sheet *sheet_of(struct expose *x)
{
	return (struct otlp_sheet *)x;
}

static void begin_body(struct otlp_sheet *s)
{
	out_init_memory(&s->out);
	s->points = 0;
	otlp_resource_put(&s->out, s->resource, "Metrics");
	out_str(&s->out, "\"metrics\":[");
}

static void close_metric(struct otlp_sheet *s)
{
	if (s->is_open)
		out_str(&s->out, "]}}");
	s->is_open = false;
}

static void send_body(struct otlp_sheet *s)
{
	close_metric(s);
	out_char(&s->out, ']');
	otlp_resource_end(&s->out);
	s->bodies->send(s->bodies->context, &s->out, s->points);
}

static void put_member(struct otlp_sheet *s, const char *key, const char *text)
{
	if (!*text)
		return;
	out_format(&s->out, ",\"%s\":", key);
	out_json_string(&s->out, text, strlen(text));
}

/* The beginning of a point, up to its attributes, which follow. */
static void begin_point(struct otlp_sheet *s)
{
	if (s->out.used > BODY_BYTES) {
		send_body(s);
		begin_body(s);
	}
	if (!s->is_open) {
		out_format(&s->out, "%s{\"name\":\"%s\"", s->points ? "," : "", s->name);
		put_member(s, "description", s->help);
		put_member(s, "unit", s->unit);
		out_format(&s->out, ",\"%s\":{%s%s\"dataPoints\":[", s->kind, s->before,
			   *s->before ? "," : "");
	} else {
		out_char(&s->out, ',');
	}
	s->is_open = true;
	s->points++;
	out_str(&s->out, "{\"attributes\":[");
}

/* Times, behind the attributes. A list that is empty is none, in the JSON of Protobuf. */
static void end_attributes(struct otlp_sheet *s, uint64_t start_ns)
{
	static const char list[] = "\"attributes\":[";
	bool is_empty = s->out.buf[s->out.used - 1] == '[';

	if (is_empty)
		s->out.used -= sizeof(list) - 1;
	else
		out_str(&s->out, "],");
	out_format(&s->out,
		   "\"startTimeUnixNano\":\"%" PRIu64 "\",\"timeUnixNano\":\"%" PRIu64 "\"",
		   start_ns < s->time_ns ? start_ns : s->time_ns, s->time_ns);
}

/* Labels as they are written, `name="value",...`: see expose_label(). */
static void put_labels(struct otlp_sheet *s, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		size_t name_len = strcspn(text, "="), used = 0;
		char name[LABEL_NAME_MAX + 1], value[LABEL_VALUE_MAX + 2];

		snprintf(name, sizeof(name), "%.*s", (int)name_len, text);
		for (text += name_len + 2; *text != '"'; text++) {
			text += *text == '\\';
			value[used++] = *text;
		}
		value[used] = '\0';
		text += 1 + (text[1] == ',');
		if (!strcmp(name, METRICS_OVERFLOW))
			otlp_put_true(&s->out, name);
		else if (metrics_label_is_number(name, name_len))
			otlp_put_uint(&s->out, name, strtoull(value, NULL, 10));
		else
			otlp_put_text(&s->out, name, value, used);
	}
}

/*
 * "tcpsight_connections_opened" is tcpsight.connections_opened, without the unit that exporters to
 * Prometheus put behind it.
 */
static void set_name(struct otlp_sheet *s, const char *name, const char *prefix, const char *unit)
{
	size_t first = strcspn(name, "_"), len = strlen(name), unit_len = strlen(unit);

	if (unit_len && len > unit_len && !strcmp(name + len - unit_len, unit))
		len -= unit_len + 1;
	snprintf(s->name, sizeof(s->name), "%.*s.%s%s%.*s", (int)first, name, prefix,
		 *prefix ? "." : "", (int)(len - first - 1), name + first + 1);
}

static void set_unit(struct otlp_sheet *s, const char *unit, const char *thing)
{
	if (!strcmp(unit, "bytes"))
		thing = "By";
	else if (!strcmp(unit, "seconds"))
		thing = "s";
	snprintf(s->unit, sizeof(s->unit), "%s", thing ? thing : "");
}

static void put_family(struct expose *x, const char *name, enum expose_kind kind, const char *unit,
		       const char *help)
{
	struct otlp_sheet *s = sheet_of(x);

	close_metric(s);
	set_name(s, name, "", unit);
	if (kind == EXPOSE_INFO)
		strcat(s->name, "_info");
	set_unit(s, unit, NULL);
	snprintf(s->help, sizeof(s->help), "%s", help);
	s->kind = kind == EXPOSE_COUNTER ? "sum" : "gauge";
	s->before = kind == EXPOSE_COUNTER ? CUMULATIVE ",\"isMonotonic\":true" : "";
}

static void begin_number(struct otlp_sheet *s, const char *labels)
{
	begin_point(s);
	put_labels(s, labels, strlen(labels));
	end_attributes(s, s->started_ns);
}

static void put_number(struct expose *x, const char *labels, uint64_t value)
{
	struct otlp_sheet *s = sheet_of(x);

	begin_number(s, labels);
	out_format(&s->out, ",\"asInt\":\"%" PRIu64 "\"}", value);
}

static void put_seconds(struct expose *x, const char *labels, double seconds)
{
	struct otlp_sheet *s = sheet_of(x);

	begin_number(s, labels);
	out_format(&s->out, ",\"asDouble\":%.6f}", seconds);
}

static void put_metric(struct expose *x, const struct metric *m, const char *prefix, const char *of)
{
	struct otlp_sheet *s = sheet_of(x);

	close_metric(s);
	if (m->otel_name && !*prefix)
		snprintf(s->name, sizeof(s->name), "%s", m->otel_name);
	else
		set_name(s, m->name, prefix, m->unit);
	set_unit(s, m->unit, m->thing);
	snprintf(s->help, sizeof(s->help), "%s%s%s", of, *of ? ": " : "", m->help);
	s->kind = m->kind == METRIC_HISTOGRAM ? "exponentialHistogram" : "sum";
	s->before = m->kind == METRIC_COUNTER ? CUMULATIVE ",\"isMonotonic\":true" : CUMULATIVE;
}

/* What is 0 is left out, as the JSON of Protobuf has it. */
static void put_histogram(struct out *o, const struct exponential *e)
{
	int64_t scale = EXPONENTIAL_SCALE - (int64_t)e->halved;

	if (e->count)
		out_format(o, ",\"count\":\"%" PRIu64 "\"", e->count);
	out_format(o, ",\"sum\":%.6f", (double)e->sum_us / US_PER_S);
	if (scale)
		out_format(o, ",\"scale\":%" PRId64, scale);
	if (e->zeros)
		out_format(o, ",\"zeroCount\":\"%" PRIu64 "\"", e->zeros);
	if (!e->used)
		return;
	out_str(o, ",\"positive\":{");
	if (e->first)
		out_format(o, "\"offset\":%" PRId64 ",", e->first);
	out_str(o, "\"bucketCounts\":[");
	for (uint64_t i = 0; i < e->used; i++)
		out_format(o, "%s\"%" PRIu64 "\"", i ? "," : "", e->bucket[i]);
	out_str(o, "]}");
}

static void put_cell(struct expose *x, const struct expose_cell *c)
{
	struct otlp_sheet *s = sheet_of(x);
	const char *value[METRIC_DIMENSIONS_MAX];

	begin_point(s);
	put_labels(s, c->labels, c->labels_len);
	metric_cell_values(c->metric, c->cell, true, value);
	for (unsigned i = 0; i < METRIC_DIMENSIONS_MAX; i++)
		otlp_put_string(&s->out, c->metric->dimension[i].otel_name, value[i]);
	end_attributes(s, (uint64_t)((int64_t)c->start_ns + x->realtime_offset_ns));
	if (c->metric->kind == METRIC_HISTOGRAM)
		put_histogram(&s->out, (const struct exponential *)c->number);
	else
		out_format(&s->out, ",\"asInt\":\"%" PRIu64 "\"", *c->number);
	out_char(&s->out, '}');
}

static const struct expose_ops ops = {
	.family = put_family,
	.number = put_number,
	.seconds = put_seconds,
	.metric = put_metric,
	.cell = put_cell,
};

void otlp_metrics_put(struct metrics *m, const struct otlp_resource *r,
		      const struct otlp_bodies *bodies)
{
	struct otlp_sheet s = {
		.expose = {.ops = &ops,
			   .realtime_offset_ns = m->view->context.clock->realtime_offset_ns},
		.resource = r,
		.bodies = bodies,
		.time_ns = m->snapshot_us * NS_PER_US,
		.started_ns = m->process.started_us * NS_PER_US,
	};

	begin_body(&s);
	s.expose.other = m->other[0];
	expose_series(&s.expose, &m->flows);
	s.expose.other = m->other[1];
	expose_series(&s.expose, &m->listeners);
	metrics_put_self(m, &s.expose);
	send_body(&s);
}
