// SPDX-License-Identifier: BSD-2-Clause
/* Each connection that ends, to an OpenTelemetry collector. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "consumer/metrics_labels.h"
#include "consumer/otlp.h"
#include "view/report.h"

#define OWN(field) OPTION_OF_REPORT, offsetof(struct otlp_options, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct option_def options[] = {
	{0, "endpoint", OPTION_TEXT, OWN(endpoint), "URL",
	 "the collector, such as https://collector.example:4318; /v1/logs and /v1/metrics are added; "
	 "default http://127.0.0.1:4318"},
	{0, "metrics", OPTION_FLAG, OWN(sends_metrics), NULL,
	 "also send metrics: those of \"tcpsight metrics\", by OpenTelemetry's names"},
	{0, "no-logs", OPTION_FLAG, OWN(no_logs), NULL, "do not send a record of each connection"},
	{0, "from-recording", OPTION_FLAG, OWN(from_recording), NULL,
	 "read what the collector missed in an outage from what this run records (record, --also), and how "
	 "far it got from a file beside it"},
	{0, "interval", OPTION_UINT, OF_QUESTION(interval_s), "SEC",
	 "send metrics so often; default 60", .min = 1, .max = 3600},
	{0, "headers-file", OPTION_TEXT, OWN(headers_file), "FILE",
	 "lines of \"Name: value\" that go with each request"},
	{0, "token-file", OPTION_TEXT, OWN(token_file), "FILE",
	 "a token to show, as \"Authorization: Bearer\""},
	{0, "insecure", OPTION_FLAG, OWN(is_insecure), NULL,
	 "do not verify the collector's certificate"},
	EXPORTER_OPTIONS(struct otlp_options),
	METRICS_OPTIONS(struct otlp_options, metrics.),
};

static const char *const reloads[] = {"filter", "where", NULL};

static const char *const omitted[] = {"sort", "rows",	"columns", "json",
				      "csv",  "output", "append",  NULL};

static const char *const examples[] = {
	"tcpsight otlp --endpoint http://collector:4318",
	"each connection that ends, as a log record",
	"tcpsight otlp --endpoint https://collector:4318 --token-file /etc/tcpsight/token 'not net 127.0.0.0/8'",
	"with a token, without what stays on this host",
	"tcpsight otlp --endpoint http://collector:4318 --metrics --by unit --no-logs",
	"sums by systemd unit, once a minute",
	"tcpsight top --also 'otlp --endpoint http://collector:4318'",
	"watch and send",
	"tcpsight otlp --read /var/log/tcpsight --since '1h ago'",
	"what was missed in an outage",
	NULL,
};

static int words(struct question *q, int count, char **word, struct usage_error *error)
{
	struct otlp_options *o = q->own;
	const char *host = strstr(o->endpoint, "://");

	if (strncmp(o->endpoint, "http://", 7) && strncmp(o->endpoint, "https://", 8)) {
		error->argument = o->endpoint;
		error->at = 0;
		snprintf(
			error->text, sizeof(error->text),
			"argument --endpoint: expected a URL that begins with http:// or https://");
		return -EINVAL;
	}
	if (!host[3] || host[3] == '/') {
		error->argument = o->endpoint;
		error->at = (size_t)(host + 3 - o->endpoint);
		snprintf(error->text, sizeof(error->text),
			 "argument --endpoint: the host is missing");
		return -EINVAL;
	}
	if (o->no_logs && !o->sends_metrics) {
		snprintf(error->text, sizeof(error->text),
			 "argument --no-logs: without --metrics there is nothing to send");
		return -EINVAL;
	}
	if (o->no_logs && o->from_recording) {
		snprintf(error->text, sizeof(error->text),
			 "argument --from-recording: it is about what --no-logs leaves out");
		return -EINVAL;
	}
	if (metrics_options_take(&o->metrics, error))
		return -EINVAL;
	return report_take_filter(q, count, word, error);
}

static void defaults(struct question *q)
{
	struct otlp_options *o = q->own;

	q->interval_s = 60;
	metrics_options_default(&o->metrics);
	o->endpoint = "http://127.0.0.1:4318";
	o->exporter = (struct exporter_options)EXPORTER_DEFAULTS;
}

static void done(struct question *q)
{
	struct otlp_options *o = q->own;

	metrics_options_done(&o->metrics);
	report_filter_done(q);
}

static void setup(const struct question *q, struct view *view)
{
	(void)q;
	view->when = VIEW_ON_TICK;
}

const struct report report_otlp = {
	.name = "otlp",
	.summary = "send every connection that ends, and metrics, to an OpenTelemetry collector",
	.positional = "[filter]",
	.examples = examples,
	.omitted = omitted,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct otlp_options),
	.keeps_to_itself = true,
	.reloads = reloads,
	.defaults = defaults,
	.words = words,
	.done = done,
	.setup = setup,
	.wrap = otlp_wrap,
};
