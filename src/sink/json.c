// SPDX-License-Identifier: BSD-2-Clause
/*
 * One JSON object a line. The last one is {"type":"summary",...}: the account of the run, with
 * what was lost.
 */
#include <string.h>

#include "engine/account.h"
#include "view/sink.h"
#include "engine/value.h"
#include "view/view.h"
#include "util/out.h"

static void json_nothing(struct view *view)
{
	(void)view;
}

/* ,"name": of each column: worth a way of its own, it is half of all that is written. */
static void put_key(struct out *out, const char *name, size_t len, bool is_later)
{
	char *p = out_room(out, len + 4);

	if (!p) {
		out_mem(out, is_later ? ",\"" : "{\"", 2);
		out_mem(out, name, len);
		out_mem(out, "\":", 2);
		return;
	}
	p[0] = is_later ? ',' : '{';
	p[1] = '"';
	memcpy(p + 2, name, len);
	p[len + 2] = '"';
	p[len + 3] = ':';
	out_took(out, len + 4);
}

static void json_row(struct view *view, const struct row *row)
{
	const struct section *s = &view->layout.section[0];
	struct out *out = view->out;
	char buf[VALUE_TEXT_MAX];

	if (view->tag)
		out_format(out, "{\"report\":\"%s\"", view->tag);
	for (size_t i = 0; i < s->count; i++) {
		struct value v = s->column[i]->get(row);
		const char *text;
		size_t len = value_format(&v, buf, &text);

		put_key(out, s->column[i]->name, s->name_len[i], i || view->tag);
		if (v.type == VALUE_NONE)
			out_mem(out, "null", 4);
		else if (value_is_bare(&v))
			out_mem(out, text, len);
		else
			out_json_string(out, text, len);
	}
	out_mem(out, "}\n", 2);
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
	.end = json_end,
};
