// SPDX-License-Identifier: BSD-2-Clause
/* What happened at 03:12: who talked to whom in a span of time, how much, and what was wrong. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "consumer/history.h"
#include "consumer/recorder_options.h"
#include "engine/usage.h"
#include "util/when.h"
#include "view/group_by.h"
#include "view/report.h"

#define OWN(field) OPTION_OF_REPORT, offsetof(struct history_options, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DIRECTORY RECORDER_DIRECTORY
#define US_PER_S 1000000

static const char *const groupings[] = {"comm", "process",   "unit", "container", "remote",
					"port", "subnet", "flow", "host", NULL};

static const struct option_def options[] = {
	{0, "by", OPTION_CHOICE, OWN(by), "{comm,process,unit,container,remote,port,subnet,flow,host}",
	 "a row for each program name (default), process, systemd unit, container, remote address, port "
	 "of the service, remote /24 or /48, connection, or host", .choices = groupings},
	{0, "against", OPTION_TEXT, OWN(against), "SPAN|TIME",
	 "compare with the same span so long before, such as -1d, or that begins at a time, such as "
	 "'2026-11-20 03:12': what is new, gone, ten times more"},
	{0, "list", OPTION_FLAG, OF_WATCH(list), NULL,
	 "the recordings that there are instead: host, span, size, connections that ended, gaps, losses; all of them are read"},
	{0, "all", OPTION_FLAG, OWN(all), NULL, "with --against: also what is much as it was"},
};

static const char *const omitted[] = {"interface", "ring", "rung", "follow", "duration", NULL};

static const char *const examples[] = {
	"tcpsight history --at 03:12 --for 2m 'port 5432'",
	"what the programs here did with the database then, of the recording in " DIRECTORY,
	"tcpsight history --at 03:12 --for 2m --by remote 'port 5432'", "who talked to it",
	"tcpsight history --at 03:12 --against -1d --by unit", "what was not so the day before",
	"tcpsight history --at 03:12 --against '2026-11-20 03:12'", "nor on that day",
	"tcpsight history --list", "what was recorded, and whether anything is missing",
	"tcpsight history --since '1h ago' --by flow --sort retrans", "the connections that lost most",
	"tcpsight history --read db1.tsr --read db2.tsr --by port --json", "two hosts, for a program",
	NULL,
};

static int take_against(const struct question *q, struct usage_error *error)
{
	struct history_options *o = q->own;
	const struct watch *w = q->watch;
	size_t at = 0, minus;
	int64_t when_us, span_us;

	if (!o->against)
		return o->all ? usage_refuse(error, NULL, 0, "argument --all: it needs --against") : 0;
	minus = o->against[0] == '-';
	/* When a time such as 03:12 was depends on the span, which is not known yet. */
	if (!when_parse_span(o->against + minus, &span_us, &at))
		o->back_us = span_us;
	else if (minus || when_parse(o->against, (int64_t)time(NULL) * US_PER_S, &when_us, &at) == -EINVAL)
		return usage_refuse(error, o->against, minus + at,
			      "argument --against: expected how long before, such as -1d or -7d, or when, "
			      "such as 03:12 or '2026-11-20 03:12'");
	if (!w->at && !w->span && !(w->since && w->until))
		return usage_refuse(error, NULL, 0,
			      "argument --against: it needs --at, --for, or --since and --until");
	return 0;
}

static int take_list(struct question *q, int count, char **word, struct usage_error *error)
{
	const struct history_options *o = q->own;
	const struct watch *w = q->watch;

	if (q->is_also)
		return usage_refuse(error, NULL, 0, "argument --list: it is no question of a run");
	if (w->fleet || w->at || w->span || w->since || w->until || o->against)
		return usage_refuse(error, NULL, 0, "argument --list: it tells of whole recordings; give --read alone");
	return count ? usage_refuse(error, word[0], 0, "argument --list: it takes no filter") : 0;
}

static int words(struct question *q, int count, char **word, struct usage_error *error)
{
	if (q->is_also && !q->watch->read_path && !q->watch->fleet)
		return usage_refuse(error, NULL, 0, "history is about recordings: give --read before --also");
	if (q->watch->list)
		return take_list(q, count, word, error);
	if (!q->watch->read_path && !q->watch->fleet)
		q->watch->read_path = DIRECTORY;
	if (take_against(q, error))
		return -EINVAL;
	return report_take_filter(q, count, word, error);
}

static void defaults(struct question *q)
{
	struct history_options *o = q->own;

	q->interval_s = 1;
	o->by = "comm";
}

static void setup(const struct question *q, struct view *view)
{
	static const struct cell change[] = {{"change", -6}, {"change_in", -16}};
	static const struct cell then = {"bytes_then", 12};
	static const struct cell sums[] = {
		{"flows", 6},	       {"failures", 6},
		{"bytes", 12},	       {"retrans", 7},
		{"worst_rtt_us", 9},   {"verdict", -16, .title = "WORST VERDICT"},
		{"busiest", -21},      {"spark", CELL_BARE},
	};
	const struct history_options *o = q->own;
	struct section *section = &view->layout.section[0];

	/* The consumer hands it rows. */
	view->when = VIEW_ON_CLOSE;
	view->layout.header_per_tick = true;
	group_by_set(o->by, view);
	if (view->layout.own_columns)
		return;
	if (o->against)
		section_set(section, change, COUNT(change));
	group_by_key_cells(o->by, section);
	if (o->against)
		section_set(section, &then, 1);
	for (size_t i = 0; i < COUNT(sums); i++)
		/* Of one connection the peer is its own. */
		if (strcmp(sums[i].column, "busiest") || strcmp(o->by, "flow"))
			section_set(section, &sums[i], 1);
}

static const char *columns_of(const struct question *q)
{
	const struct history_options *o = q->own;
	static char list[1024];

	snprintf(list, sizeof(list),
		 "time,%s%s,flows,opened,closed,failures,ends,tx_bytes,rx_bytes,retrans,bytes_retrans,"
		 "retrans_causes,worst_rtt_us,verdict,severity,verdicts,sentence,next%s,first,last,"
		 "series_from,series_us,series",
		 o->against ? "change,change_in,flows_then,bytes_then,failures_then,retrans_then," : "",
		 group_by_key_columns(o->by),
		 strcmp(o->by, "flow") ? ",busiest,busiest_pid,busiest_comm" : "");
	return list;
}

const struct report report_history = {
	.name = "history",
	.summary = "what happened at 03:12: a recording, summed up and compared",
	.positional = "[filter]",
	.examples = examples,
	.omitted = omitted,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct history_options),
	.columns_of = columns_of,
	.sorts = "sent=tx_bytes,received=rx_bytes",
	.defaults = defaults,
	.words = words,
	.done = report_filter_done,
	.setup = setup,
	.wrap = history_wrap,
};
