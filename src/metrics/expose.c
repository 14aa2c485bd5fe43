// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/expose.h"

#include <stdio.h>
#include <string.h>

#include "metrics/series.h"
#include "util/out.h"
#include "util/utf8.h"

#define NS_PER_S 1000000000
#define US_PER_S 1000000

static const char *const kinds[][EXPOSE_FORMATS] = {
	[EXPOSE_COUNTER] = {"counter", "counter"},
	[EXPOSE_GAUGE] = {"gauge", "gauge"},
	[EXPOSE_HISTOGRAM] = {"histogram", "histogram"},
	[EXPOSE_INFO] = {"gauge", "info"},
};

void expose_family(struct expose *x, const char *name, enum expose_kind kind, const char *unit,
		   const char *help)
{
	bool is_open = x->format == EXPOSE_OPENMETRICS;
	const char *more;

	if (x->ops) {
		x->ops->family(x, name, kind, unit, help);
		return;
	}
	more = kind == EXPOSE_COUNTER ? "_total" : kind == EXPOSE_INFO ? "_info" : "";

	snprintf(x->name, sizeof(x->name), "%s", name);
	x->suffix = more;
	/* OpenMetrics names the family, the older format the sample. */
	if (is_open)
		more = "";
	out_format(x->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, more, help, name, more,
		   kinds[kind][x->format]);
	if (is_open && *unit)
		out_format(x->out, "# UNIT %s %s\n", name, unit);
}

/* A histogram's `bound`, if any, comes last. */
static void put_labels(struct out *out, const char *labels, size_t len, const char *more,
		       const char *bound)
{
	out_char(out, '{');
	out_mem(out, labels, len);
	if (len && *more)
		out_char(out, ',');
	out_str(out, more);
	if (bound) {
		out_str(out, len || *more ? ",le=\"" : "le=\"");
		out_str(out, bound);
		out_char(out, '"');
	}
	out_char(out, '}');
}

static void put_name(struct expose *x, const char *suffix, const char *labels, size_t labels_len,
		     const char *more)
{
	out_str(x->out, x->name);
	out_str(x->out, suffix);
	if (labels_len || *more)
		put_labels(x->out, labels, labels_len, more, NULL);
	out_char(x->out, ' ');
}

void expose_uint(struct expose *x, const char *labels, uint64_t value)
{
	if (x->ops) {
		x->ops->number(x, labels, value);
		return;
	}
	put_name(x, x->suffix, labels, strlen(labels), "");
	out_uint(x->out, value);
	out_char(x->out, '\n');
}

void expose_seconds(struct expose *x, const char *labels, double seconds)
{
	if (x->ops) {
		x->ops->seconds(x, labels, seconds);
		return;
	}
	put_name(x, x->suffix, labels, strlen(labels), "");
	out_format(x->out, "%.6f\n", seconds);
}

static void put_us(struct out *out, uint64_t us)
{
	out_uint(out, us / US_PER_S);
	out_format(out, ".%06u", (unsigned)(us % US_PER_S));
}

/* One family of a table: its metric under a prefix. */
struct family {
	const struct metric *metric;
	enum metric_id id;
	unsigned named; /* the cell, from 1 on, that `labels` are of; most families have but one */
	char labels[METRIC_DIMENSIONS_MAX * (LABEL_NAME_MAX + 40)]; /* of the cell */
};

static const char *dimension_name(const struct expose *x, const struct dimension *d, char *buf,
				  size_t size)
{
	if (!x->is_otel)
		return d->name;
	snprintf(buf, size, "%s", d->otel_name);
	for (char *p = buf; *p; p++)
		if (*p == '.')
			*p = '_';
	return buf;
}

/* The labels of a cell into f->labels. */
static void name_cell(const struct expose *x, struct family *f, unsigned cell)
{
	const char *value[METRIC_DIMENSIONS_MAX];
	char buf[48];
	size_t used = 0;

	if (f->named == cell + 1)
		return;
	f->named = cell + 1;
	metric_cell_values(f->metric, cell, x->is_otel, value);
	f->labels[0] = '\0';
	for (unsigned i = 0; i < METRIC_DIMENSIONS_MAX; i++) {
		const struct dimension *d = &f->metric->dimension[i];

		if (!*value[i])
			continue;
		used += (size_t)snprintf(f->labels + used, sizeof(f->labels) - used, "%s%s=\"%s\"",
					 used ? "," : "", dimension_name(x, d, buf, sizeof(buf)),
					 value[i]);
	}
}

static void put_created(struct expose *x, const struct family *f, const char *labels, size_t len,
			uint64_t start_ns)
{
	int64_t ns = (int64_t)start_ns + x->realtime_offset_ns;

	if (!x->is_created || x->format != EXPOSE_OPENMETRICS || f->metric->kind == METRIC_GAUGE)
		return;
	put_name(x, "_created", labels, len, f->labels);
	out_format(x->out, "%lld.%06lld\n", (long long)(ns / NS_PER_S),
		   (long long)(ns % NS_PER_S / 1000));
}

static void put_histogram(struct expose *x, const struct family *f, const uint64_t *number,
			  const char *labels, size_t len)
{
	const struct metric *m = f->metric;
	uint64_t sum = 0;

	for (unsigned i = 0; i < m->bounds; i++) {
		sum += number[i];
		out_str(x->out, x->name);
		out_str(x->out, "_bucket");
		put_labels(x->out, labels, len, f->labels, m->bound_text[i]);
		out_char(x->out, ' ');
		out_uint(x->out, sum);
		out_char(x->out, '\n');
	}
	put_name(x, "_count", labels, len, f->labels);
	out_uint(x->out, number[m->bounds]);
	out_char(x->out, '\n');
	put_name(x, "_sum", labels, len, f->labels);
	put_us(x->out, number[m->bounds + 1]);
	out_char(x->out, '\n');
}

static void put_cells(struct expose *x, struct family *f, const struct series_record *r,
		      const char *labels, size_t len, uint64_t start_ns)
{
	for (unsigned cell = 0; cell < metric_cells(f->id); cell++) {
		const uint64_t *number;

		if (!series_exists(r, f->id, cell))
			continue;
		number = series_cell(r, f->id, cell);
		if (x->ops) {
			const struct expose_cell one = {f->metric, cell, number,
							labels,	   len,	 start_ns};

			x->ops->cell(x, &one);
			continue;
		}
		name_cell(x, f, cell);
		if (f->metric->kind == METRIC_HISTOGRAM) {
			put_histogram(x, f, number, labels, len);
		} else {
			put_name(x, x->suffix, labels, len, f->labels);
			out_uint(x->out, *number);
			out_char(x->out, '\n');
		}
		put_created(x, f, labels, len, start_ns);
	}
}

static enum expose_kind kind_of(const struct metric *m)
{
	return m->kind == METRIC_COUNTER ? EXPOSE_COUNTER
	       : m->kind == METRIC_GAUGE ? EXPOSE_GAUGE
					 : EXPOSE_HISTOGRAM;
}

/* "system.network.io" in bytes: "system_network_io_bytes", as the exporters of OpenTelemetry do. */
static const char *family_name(const struct expose *x, const struct metric *m, char *buf,
			       size_t size)
{
	if (!x->is_otel || !m->otel_name)
		return m->name;
	snprintf(buf, size, "%s%s%s", m->otel_name, *m->unit ? "_" : "", m->unit);
	for (char *p = buf; *p; p++)
		if (*p == '.')
			*p = '_';
	return buf;
}

static void begin(struct expose *x, const struct metric *m, const char *prefix, const char *of)
{
	char buf[96], name[128], help[512];
	const char *own = family_name(x, m, buf, sizeof(buf));

	if (x->ops) {
		x->ops->metric(x, m, prefix, of);
		return;
	}
	if (!*prefix) {
		expose_family(x, own, kind_of(m), m->unit, m->help);
		return;
	}
	snprintf(name, sizeof(name), "tcpsight_%s_%s", prefix, m->name + strlen("tcpsight_"));
	snprintf(help, sizeof(help), "%s: %s", of, m->help);
	expose_family(x, name, kind_of(m), m->unit, help);
}

static void put_groups(struct expose *x, const struct series_table *t, struct family *f)
{
	begin(x, f->metric, "", "");
	for (uint32_t i = 0; i < t->used; i++) {
		const struct series_group *g = &t->group[i];

		if (g->is_there)
			put_cells(x, f, &g->record, g->labels, g->labels_len, g->start_ns);
	}
	put_cells(x, f, &t->other.record, x->other, strlen(x->other), t->other.start_ns);
}

void expose_series(struct expose *x, const struct series_table *t)
{
	struct family f;

	for (unsigned id = 0; id < METRIC_COUNT; id++) {
		f.metric = &metrics[id];
		f.id = id;
		f.named = 0;
		if (f.metric->of_listeners != !!(t->of & SERIES_OF_LISTENERS))
			continue;
		put_groups(x, t, &f);
		if (f.metric->kind == METRIC_GAUGE)
			continue;
		begin(x, f.metric, "expired", "of series that have left");
		put_cells(x, &f, &t->expired, "", 0, t->start_ns);
		if (!f.metric->is_host)
			continue;
		begin(x, f.metric, "host", "of all together");
		put_cells(x, &f, &t->total, "", 0, t->start_ns);
	}
}

void expose_end(struct expose *x)
{
	if (x->format == EXPOSE_OPENMETRICS)
		out_str(x->out, "# EOF\n");
}

static bool is_control(const char *text, size_t len)
{
	unsigned char c = (unsigned char)*text;

	/* C0, DEL, and C1 as UTF-8 has them. */
	return len == 1 ? c < 0x20 || c == 0x7f
			: len == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0;
}

static size_t put_value(const char *value, size_t len, char *ret)
{
	size_t used = 0, taken = 0, step;
	uint32_t character;

	for (; len && taken < LABEL_VALUE_MAX; value += step, len -= step) {
		step = utf8_decode(value, len, &character);
		if (!step || is_control(value, step)) {
			step = step ? step : 1;
			ret[used++] = '?';
			taken++;
			continue;
		}
		if (taken + step > LABEL_VALUE_MAX)
			break;
		if (*value == '"' || *value == '\\')
			ret[used++] = '\\';
		memcpy(ret + used, value, step);
		used += step;
		taken += step;
	}
	return used;
}

/* "other" is a name of ours; so that "other_" is that of "other" alone, it gets one more, and so
 * on. */
static bool is_like_other(const char *value, size_t len)
{
	if (len < 5 || memcmp(value, "other", 5))
		return false;
	for (size_t i = 5; i < len; i++)
		if (value[i] != '_')
			return false;
	return true;
}

size_t expose_label(const char *name, const char *value, size_t value_len, char *ret)
{
	size_t used = strlen(name);

	memcpy(ret, name, used);
	ret[used++] = '=';
	ret[used++] = '"';
	used += put_value(value, value_len, ret + used);
	if (is_like_other(value, value_len))
		ret[used++] = '_';
	ret[used++] = '"';
	ret[used] = '\0';
	return used;
}
