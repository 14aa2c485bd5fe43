// SPDX-License-Identifier: BSD-2-Clause
/*
 * What connections do, as JSON over HTTP and as a live page: a part of an agent. These are the options of
 * its section; the consumer is api/api.c.
 */
#include <stddef.h>

#include "api/api.h"
#include "view/report.h"

#define OWN(field) OPTION_OF_REPORT, offsetof(struct api_options, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CLOSED_DEFAULT 5000
#define TRAILS_DEFAULT 8192

static const struct option_def options[] = {
	{0, "keep-closed", OPTION_UINT, OWN(closed), "N",
	 "keep the latest so many flows that opened, and that closed; default 5000", .min = 1,
	 .max = 1000000},
	{0, "keep-trails", OPTION_UINT, OWN(trails), "N",
	 "keep five minutes of at most so many flows; default 8192", .min = 1, .max = 1000000},
	{0, "no-page", OPTION_FLAG, OWN(no_page), NULL, "no page for browsers at /"},
};

static const char *const reloads[] = {"keep-closed", "keep-trails", "filter", "where", NULL};

static const char *const omitted[] = {"columns", "sort", "rows",   "json",  "csv",
				      "output",  "append", NULL};

static const char *const examples[] = {
	"tcpsight agent --also 'api --keep-closed 50000'", "more of what has closed",
	NULL,
};

static void defaults(struct question *q)
{
	struct api_options *o = q->own;

	o->closed = CLOSED_DEFAULT;
	o->trails = TRAILS_DEFAULT;
}

static void setup(const struct question *q, struct view *view)
{
	(void)q;
	/* It makes rows, and shows none by itself. */
	view->when = VIEW_ON_CLOSE;
}

const struct report report_api = {
	.name = "api",
	.summary = "answers about connections as JSON over HTTP, and a live page",
	.positional = "[filter]",
	.examples = examples,
	.of_agent = true,
	.omitted = omitted,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct api_options),
	.keeps_to_itself = true,
	.reloads = reloads,
	.defaults = defaults,
	.words = report_take_filter,
	.done = report_filter_done,
	.setup = setup,
	.wrap = api_wrap,
};
