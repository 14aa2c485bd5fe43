// SPDX-License-Identifier: BSD-2-Clause
/* Sums by unit, process or network, for Prometheus and what understands its format. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "consumer/metrics.h"
#include "consumer/metrics_labels.h"
#include "consumer/metrics_options.h"
#include "view/report.h"

#define OWN(field) OPTION_OF_REPORT, offsetof(struct metrics_options, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct option_def options[] = {
	METRICS_OPTIONS(struct metrics_options, ),
	{0, "interval", OPTION_UINT, OF_QUESTION(interval_s), "SEC",
	 "how often they change; default 10", .min = 1, .max = 3600},
	{0, "count", OPTION_UINT, OF_QUESTION(count), "N", "end after so many intervals", .min = 1,
	 .max = 1000000000},
	{0, "names", OPTION_CHOICE, OWN(names), "tcpsight|otel",
	 "what metrics are called; otel: as OpenTelemetry's conventions do, where they have one",
	 .choices = metrics_name_sets},
	{0, "openmetrics-created", OPTION_FLAG, OWN(has_created), NULL,
	 "in OpenMetrics: also since when each series counts (to Prometheus 2 a series of its own)"},
	{0, "listen", OPTION_LIST, OWN(listen), "WHERE",
	 "of an agent: also serve there, metrics alone; may be repeated",
	 .also_offset = offsetof(struct metrics_options, listen_count)},
	{0, "metrics-anyone", OPTION_FLAG, OWN(anyone), NULL,
	 "of an agent: there on any address, without TLS and token"},
};

static const char *const omitted[] = {
	"columns", "sort", "rows", "json", "csv", "output", "append", NULL,
};

/* --names and --no-verdicts are for the start. */
static const char *const reloads[] = {
	"by",	       "subnets", "interval", "series-limit",	     "series-limit-total",
	"series-idle", "filter",  "where",    "openmetrics-created", NULL,
};

static const char *const examples[] = {
	"tcpsight metrics --count 1 --interval 5",
	"what happened in five seconds, in Prometheus' format",
	"tcpsight metrics --by comm,remote_class --subnets office=10.1.0.0/16",
	"by process and network, every ten seconds",
	"tcpsight agent --also 'metrics --by unit --listen 127.0.0.1:9900'",
	"served to a Prometheus on this machine",
	NULL,
};

static int words(struct question *q, int count, char **word, struct usage_error *error)
{
	struct metrics_options *o = q->own;

	if (metrics_options_take(o, error))
		return -EINVAL;
	return report_take_filter(q, count, word, error);
}

static void defaults(struct question *q)
{
	struct metrics_options *o = q->own;

	q->interval_s = 10;
	metrics_options_default(o);
}

static void done(struct question *q)
{
	struct metrics_options *o = q->own;

	metrics_options_done(o);
	free(o->listen);
	report_filter_done(q);
}

static void setup(const struct question *q, struct view *view)
{
	(void)q;
	view->when = VIEW_ON_TICK;
}

const struct report report_metrics = {
	.name = "metrics",
	.summary = "sums by unit, process or network, for Prometheus",
	.positional = "[filter]",
	.examples = examples,
	.omitted = omitted,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct metrics_options),
	.keeps_to_itself = true,
	.reloads = reloads,
	.defaults = defaults,
	.words = words,
	.done = done,
	.setup = setup,
	.wrap = metrics_wrap,
};
