// SPDX-License-Identifier: BSD-2-Clause
/*
 * One JSON object a line. The last one is {"type":"summary",...}: the account of the run, with
 * what was lost.
 */
#include <string.h>

#include "engine/account.h"
#include "engine/clock.h"
#include "engine/source.h"
#include "view/sink.h"
#include "view/json_row.h"
#include "view/view.h"
#include "util/out.h"

static void json_nothing(struct view *view)
{
	(void)view;
}

static void json_row(struct view *view, const struct row *row)
{
	struct out *out = view->out;

	if (view->tag)
		out_format(out, "{\"report\":\"%s\"", view->tag);
	json_row_put(out, &view->layout.section[0], row, view->tag);
	out_mem(out, "}\n", 2);
}

static void put_wall(struct out *out, const char *name, int64_t us)
{
	struct clock utc = {.realtime_offset_ns = 0};
	char text[32];

	out_format(out, ",\"%s\":\"", name);
	out_mem(out, text, clock_format_rfc3339(&utc, (uint64_t)us * 1000, text));
	out_char(out, '"');
}

static void json_gap(struct view *view, const struct source_gap *gap)
{
	const struct source *s = view->context.source;
	struct out *out = view->out;
	const char *host;

	out_str(out, "{\"type\":\"gap\"");
	if (view->tag)
		out_format(out, ",\"report\":\"%s\"", view->tag);
	host = s && s->ops->host_name ? s->ops->host_name(s, gap->host) : NULL;
	if (host) {
		out_str(out, ",\"host\":");
		out_json_string(out, host, strlen(host));
	}
	put_wall(out, "from", gap->from_wall_us);
	put_wall(out, "to", gap->to_wall_us);
	out_format(out, ",\"why\":\"%s\",\"rows\":%llu}\n", gap->why,
		   (unsigned long long)gap->rows);
}

static void put_count(struct out *out, const char *name, uint64_t n)
{
	out_str(out, ",\"");
	out_str(out, name);
	out_str(out, "\":");
	out_uint(out, n);
}

static void json_end(struct view *view, const struct account *a)
{
	struct out *out = view->out;

	out_str(out, "{\"type\":\"summary\"");
	if (view->tag)
		out_format(out, ",\"report\":\"%s\"", view->tag);
	put_count(out, "opened", a->opened);
	put_count(out, "adopted", a->adopted);
	put_count(out, "closed", a->closed);
	put_count(out, "live", a->live);
	put_count(out, "lost", a->lost);
	put_count(out, "lost_tx_bytes", a->lost_tx_bytes);
	put_count(out, "lost_rx_bytes", a->lost_rx_bytes);
	put_count(out, "missed", a->missed);
	put_count(out, "table_full", a->table_full);
	put_count(out, "undecoded", a->undecoded);
	if (view->consumer->counts) {
		put_count(out, "time_wait", view->consumer->counted[ST_TIME_WAIT]);
		put_count(out, "syn_recv", view->consumer->counted[ST_NEW_SYN_RECV]);
	}
	if (a->unseen)
		put_count(out, "unseen", a->unseen);
	if (a->inexact)
		put_count(out, "inexact", a->inexact);
	if (a->lost_ring)
		put_count(out, "lost_ring", a->lost_ring);
	if (a->lost_memory)
		put_count(out, "lost_memory", a->lost_memory);
	if (a->dropped_rows)
		put_count(out, "dropped_rows", a->dropped_rows);
	if (a->undecoded_why[0]) {
		out_str(out, ",\"undecoded_why\":");
		out_json_string(out, a->undecoded_why, strlen(a->undecoded_why));
	}
	out_str(out, "}\n");
}

const struct sink sink_json = {
	.name = "json",
	.summary = "one JSON object a line, a summary object last",
	.begin = json_nothing,
	.tick_begin = json_nothing,
	.tick_end = json_nothing,
	.row = json_row,
	.gap = json_gap,
	.end = json_end,
};
