// SPDX-License-Identifier: BSD-2-Clause
/* One line per connection when it ends. Takes bcc tcplife's command line. */
#include <stddef.h>

#include "view/report.h"

struct life {
	bool with_time, with_timestamp, wide, seed_csv;
};

#define OWN(field) OPTION_OF_REPORT, offsetof(struct life, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct option_def options[] = {
	{'T', "time", OPTION_FLAG, OWN(with_time), NULL, "column TIME: HH:MM:SS, local"},
	{'t', "timestamp", OPTION_FLAG, OWN(with_timestamp), NULL,
	 "column TIME(s): seconds since the first line"},
	{'w', "wide", OPTION_FLAG, OWN(wide), NULL, "wide columns, which fit IPv6 addresses"},
	{'s', "csv", OPTION_FLAG, OWN(seed_csv), NULL, "comma-separated, the columns of tcplife -s"},
	{'c', "cgroup", OPTION_TEXT, OF_QUESTION(cgroup), "PATH",
	 "only sockets of this cgroup v2 and those below it"},
};

static const char *const examples[] = {
	"tcpsight life", "every connection that ends, with its owner, bytes and life time",
	"tcpsight life -L 22,80", "only local ports 22 and 80",
	"tcpsight life -D 443 -T", "only remote port 443, with the time of day",
	"tcpsight life -w", "wide columns (fit IPv6)",
	"tcpsight life --json 'net 10.0.0.0/8'", "JSON, with handshake time, retransmits, end reason",
	"tcpsight life -o remote,comm,cwnd,rwnd_limited_us,delivery_rate",
	"any column of -o help: why was it slow?",
	"tcpsight life -stT", "CSV as tcplife prints it, with both times",
	NULL,
};

static const struct cell layout[] = {
	{"pid", -5},	{"comm", -10, .cut = 10}, {"laddr", -15}, {"lport", -5},       {"raddr", -15},
	{"rport", -5}, {"acked_kb", 5},	  {"rx_kb", 5},	  {"ms", CELL_BARE},
};

static const struct cell layout_wide[] = {
	{"pid", -5},	{"comm", -16, .cut = 16}, {"family", -2},  {"laddr", -39}, {"lport", -5},
	{"raddr", -39}, {"rport", -5},		  {"acked_kb", 6}, {"rx_kb", 6},   {"ms", CELL_BARE},
};

static const struct cell cell_clock = {"clock", -8};
static const struct cell cell_elapsed = {"elapsed", -9};

static void setup(const struct question *q, struct view *view)
{
	struct section *section = &view->layout.section[0];
	const struct life *life = q->own;

	view->when = VIEW_ON_CLOSE;
	if (view->layout.own_columns)
		return;
	view->layout.csv_titles = life->seed_csv;
	if (life->with_time)
		section_set(section, &cell_clock, 1);
	if (life->with_timestamp)
		section_set(section, &cell_elapsed, 1);
	if (life->wide || life->seed_csv)
		section_set(section, layout_wide, COUNT(layout_wide));
	else
		section_set(section, layout, COUNT(layout));
}

static const char *sink(const struct question *q)
{
	const struct life *life = q->own;

	return life->seed_csv ? "csv" : NULL;
}

const struct report report_life = {
	.name = "life",
	.seed_name = "tcplife",
	.summary = "one line per connection when it ends: owner, bytes, life time, why",
	.positional = "[filter]",
	.examples = examples,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct life),
	.columns = "time,pid,comm,owner_source,thread,family,laddr,lport,raddr,rport,state,role,"
		   "tx_bytes,rx_bytes,duration_us,handshake_us,srtt_us,min_rtt_us,retrans,"
		   "bytes_retrans,cgroup,netns,cookie,end_reason",
	.words = report_take_filter,
	.done = report_filter_done,
	.setup = setup,
	.sink = sink,
};
