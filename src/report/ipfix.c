// SPDX-License-Identifier: BSD-2-Clause
/* What each connection moved, to an IPFIX collector. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "consumer/ipfix.h"
#include "view/report.h"

#define OWN(field) OPTION_OF_REPORT, offsetof(struct ipfix_options, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct option_def options[] = {
	{0, "collector", OPTION_TEXT, OWN(collector), "WHERE",
	 "udp:HOST:PORT, tcp:HOST:PORT or tls:HOST:PORT; default udp:127.0.0.1:4739"},
	{'i', "active-timeout", OPTION_UINT, OF_QUESTION(interval_s), "SEC",
	 "tell so often what live connections moved; default 60", .min = 1, .max = 86400},
	{0, "domain", OPTION_UINT, OWN(domain), "NUMBER", "observation domain; default 1", .min = 0,
	 .max = UINT32_MAX},
	{0, "pen", OPTION_UINT, OWN(pen), "NUMBER",
	 "private enterprise number of the elements that nobody else has; default 32473", .min = 1,
	 .max = UINT32_MAX},
	EXPORTER_OPTIONS(struct ipfix_options),
};

static const char *const reloads[] = {"filter", "where", NULL};

static const char *const omitted[] = {"sort", "rows",	"columns", "json",
				      "csv",  "output", "append",  NULL};

static const char *const examples[] = {
	"tcpsight ipfix --collector udp:flows.example:4739",
	"what each connection moved",
	"tcpsight ipfix --collector tls:flows.example:4740 --ca-file /etc/ssl/flows.pem 'not net 127.0.0.0/8'",
	"over TLS, without what stays on this host",
	"tcpsight ipfix --read /var/log/tcpsight --since '1h ago'",
	"what was missed in an outage",
	NULL,
};

static void defaults(struct question *q)
{
	struct ipfix_options *o = q->own;

	q->interval_s = 60;
	o->collector = "udp:127.0.0.1:4739";
	o->domain = 1;
	o->pen = 32473; /* of examples, RFC 5612 */
	o->exporter = (struct exporter_options)EXPORTER_DEFAULTS;
}

static void setup(const struct question *q, struct view *view)
{
	(void)q;
	view->when = VIEW_ON_TICK;
}

const struct report report_ipfix = {
	.name = "ipfix",
	.summary = "send what every connection moved to an IPFIX collector",
	.positional = "[filter]",
	.examples = examples,
	.omitted = omitted,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct ipfix_options),
	.keeps_to_itself = true,
	.reloads = reloads,
	.defaults = defaults,
	.words = report_take_filter,
	.done = report_filter_done,
	.setup = setup,
	.wrap = ipfix_wrap,
};
