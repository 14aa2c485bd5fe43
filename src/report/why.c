// SPDX-License-Identifier: BSD-2-Clause
/* Why a connection is slow, stalled or failed, in sentences. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "consumer/why.h"
#include "view/report.h"

#define OWN(field) OPTION_OF_REPORT, offsetof(struct why_options, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct option_def options[] = {
	{0, "for", OPTION_UINT, OWN(for_s), "SECONDS", "watch for so long; default 2", .min = 1,
	 .max = 86400},
	{0, "interval", OPTION_UINT, OWN(interval_s), "SECONDS",
	 "judge again and again, each time what happened since the last", .min = 1, .max = 86400},
	{0, "count", OPTION_UINT, OWN(count), "N", "with --interval: so many times",
	 .min = 1, .max = 1000000},
	{0, "all", OPTION_FLAG, OWN(all), NULL, "connections that are fine, too"},
	{0, "no-group", OPTION_FLAG, OWN(no_group), NULL,
	 "a verdict for each connection; --json and --csv always do so"},
	{0, "check", OPTION_FLAG, OWN(check), NULL,
	 "exit with status 10 if something is slow, stalled or failed, 11 if no connection matches"},
};

/* They choose or order columns of flows, not verdicts. */
static const char *const omitted[] = {"sort", NULL};

static const char *const examples[] = {
	"tcpsight why", "what is wrong with TCP on this machine, the worst first",
	"tcpsight why 'dst port 5432'", "why the database is slow from here",
	"tcpsight why -p 181 --for 10", "a longer look at one process",
	"tcpsight why --unit nginx --all", "the service, with the connections that are fine",
	"tcpsight why --read /var/log/tcpsight", "what was wrong while it was recorded",
	"tcpsight why --read capture.pcap", "the same of a capture; causes of retransmission are inferred",
	"tcpsight why --interval 10 --json", "every ten seconds, one JSON object a verdict",
	"tcpsight why --check 'port 443' || page-somebody", "in a script",
	NULL,
};

static int words(struct question *q, int count, char **word, struct usage_error *error)
{
	const struct why_options *own = q->own;

	if (own->count && !own->interval_s) {
		snprintf(error->text, sizeof(error->text), "argument --count: it needs --interval");
		return -EINVAL;
	}
	return report_take_filter(q, count, word, error);
}

static void setup(const struct question *q, struct view *view)
{
	(void)q;
	/* The consumer hands it rows. */
	view->when = VIEW_ON_CLOSE;
	view->layout.header_per_tick = true;
}

static const char *sink(const struct question *q)
{
	return q->columns || q->csv ? NULL : "why";
}

const struct report report_why = {
	.name = "why",
	.summary = "why a connection is slow, stalled or failed, in sentences",
	.positional = "[filter]",
	.examples = examples,
	.omitted = omitted,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct why_options),
	.columns = "time,severity,verdict,certainty,limited_by,flows,sentence,evidence,next,also,"
		   "basis,pid,comm,owner_source,family,laddr,lport,raddr,rport,state,role,tx_bytes,"
		   "rx_bytes,duration_us,handshake_us,srtt_us,min_rtt_us,retrans,end_reason,error,"
		   "cgroup,netns,cookie",
	.words = words,
	.done = report_filter_done,
	.setup = setup,
	.sink = sink,
	.wrap = why_wrap,
};
