// SPDX-License-Identifier: BSD-2-Clause
/* Sums by unit, process or network, for Prometheus and what understands its format. */
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumer/metrics.h"
#include "consumer/metrics_labels.h"
#include "consumer/metrics_options.h"
#include "engine/prefix.h"
#include "engine/prefix_text.h"
#include "view/report.h"

#define OWN(field) OPTION_OF_REPORT, offsetof(struct metrics_options, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct option_def options[] = {
	{0, "by", OPTION_TEXT, OWN(by), "LIST",
	 "labels: comm, unit, container, pod, uid, netns, role, family, remote_class, subnet, "
	 "service_port; default unit,remote_class",
	 .choices = metrics_label_words},
	{0, "interval", OPTION_UINT, OF_QUESTION(interval_s), "SEC",
	 "how often they change; default 10", .min = 1, .max = 3600},
	{0, "count", OPTION_UINT, OF_QUESTION(count), "N", "end after so many intervals", .min = 1,
	 .max = 1000000000},
	{0, "names", OPTION_CHOICE, OWN(names), "tcpsight|otel",
	 "what metrics are called; otel: as OpenTelemetry's conventions do, where they have one",
	 .choices = metrics_name_sets},
	{0, "series-limit", OPTION_UINT, OWN(series_limit), "N",
	 "series of one metric; what is more goes to one whose labels are \"other\"; default 2000",
	 .min = 100, .max = 60000},
	{0, "series-limit-total", OPTION_UINT, OWN(series_limit_total), "N",
	 "series of all metrics; default 50000", .min = 1000, .max = 1000000},
	{0, "series-idle", OPTION_TEXT, OWN(idle), "SPAN",
	 "series of what has gone leave after so long, such as 90s, 15m (default), 1h"},
	{0, "subnets", OPTION_TEXT, OWN(subnets), "LIST",
	 "names for remote_class and subnet: office=10.1.0.0/16,lab=2001:db8::/32"},
	{0, "no-verdicts", OPTION_FLAG, OWN(no_verdicts), NULL,
	 "do not judge what is wrong, which reads more of each connection"},
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
	"by", "subnets", "interval", "series-limit", "series-limit-total", "series-idle", "filter", "where",
	"openmetrics-created", NULL,
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

static int refuse(struct usage_error *error, const char *text, size_t at, const char *why)
{
	error->argument = text;
	error->at = at;
	snprintf(error->text, sizeof(error->text), "%s", why);
	return -EINVAL;
}

/* "90s", "15m", "1h", "90". */
static int take_idle(struct metrics_options *o, struct usage_error *error)
{
	static const struct {
		char unit;
		unsigned s;
	} units[] = {{'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end;

	o->idle_s = 900;
	if (!o->idle)
		return 0;
	o->idle_s = strtoull(o->idle, &end, 10);
	for (size_t i = 0; i < COUNT(units); i++)
		if (isdigit((unsigned char)*o->idle) && o->idle_s && o->idle_s < 1000000 &&
		    *end == units[i].unit && (!*end || !end[1])) {
			o->idle_s *= units[i].s;
			return 0;
		}
	return refuse(error, o->idle, 0,
		      "argument --series-idle: expected a span such as 90s, 15m or 1h");
}

static int take_subnets(struct metrics_options *o, struct usage_error *error)
{
	struct prefix_error wrong;

	if (!o->subnets)
		return 0;
	o->prefixes = prefix_set_new();
	if (!prefix_text_list(o->prefixes, o->subnets, &wrong))
		return 0;
	error->argument = o->subnets;
	error->at = wrong.at;
	snprintf(error->text, sizeof(error->text), "argument --subnets: %.400s", wrong.text);
	return -EINVAL;
}

static int words(struct question *q, int count, char **word, struct usage_error *error)
{
	struct metrics_options *o = q->own;

	if (take_idle(o, error) || take_subnets(o, error))
		return -EINVAL;
	return report_take_filter(q, count, word, error);
}

static void defaults(struct question *q)
{
	struct metrics_options *o = q->own;

	q->interval_s = 10;
	o->series_limit = 2000;
	o->series_limit_total = 50000;
}

static void done(struct question *q)
{
	struct metrics_options *o = q->own;

	prefix_set_free(o->prefixes);
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
