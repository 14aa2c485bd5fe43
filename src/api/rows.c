// SPDX-License-Identifier: BSD-2-Clause
#include "api/rows.h"

#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/state.h"
#include "api/ask.h"
#include "api/earlier.h"
#include "engine/clock.h"
#include "engine/column.h"
#include "engine/column_flow.h"
#include "engine/engine.h"
#include "serve/http.h"
#include "util/out.h"
#include "util/xalloc.h"
#include "view/json_row.h"
#include "view/judge.h"
#include "view/view.h"

#define PIECE_BYTES 16384

struct rows *rows_new(struct api *api, struct ask *ask)
{
	struct rows *r = xcalloc(1, sizeof(*r));

	r->api = api;
	r->ask = ask;
	r->moment_ns = api->live.tick_ns;
	return r;
}

void rows_free(void *rows)
{
	struct rows *r = rows;

	for (size_t i = 0; i < r->held; i++)
		free(r->kept[i].verdict);
	free(r->kept);
	if (!r->keeps_ask)
		ask_free(r->ask);
	free(r);
}

static struct kept *next_row(struct rows *r)
{
	if (r->held == r->room) {
		r->room = r->room ? 2 * r->room : 64;
		r->kept = xrealloc(r->kept, r->room * sizeof(*r->kept));
	}
	r->count = ++r->held;
	return &r->kept[r->held - 1];
}

static void copy_flow(struct api *api, uint32_t slot, struct kept *k, bool with_extra)
{
	const struct engine *e = api->consumer->engine;
	const struct flow *f = &e->flows.flow[slot];
	const struct ev_extra *extra = with_extra ? engine_extra(e, slot) : NULL;

	k->ev.head = (struct ev_head){.id = f->id,
				      .kind = EV_SAMPLE,
				      .state = f->state,
				      .flags = EV_HAS_IDENT | (extra ? EV_HAS_EXTRA : 0)};
	k->ev.count = f->count;
	k->ev.time_ns = api->live.tick_ns;
	k->ev.ident = f->ident;
	if (extra)
		k->ev.extra = *extra;
	k->moved = live_moved(&api->live, slot);
	k->has_moved = true;
	k->verdict = NULL;
}

void rows_keep_live(struct rows *r, uint32_t slot)
{
	struct kept *k = next_row(r);

	copy_flow(r->api, slot, k, true);
	if (!ask_needs(r->ask, NEED_VERDICT))
		return;
	k->verdict = xmalloc(sizeof(*k->verdict));
	judging_flow(&r->api->judging, r->api->consumer->engine, slot, k->verdict);
}

void rows_keep_closed(struct rows *r, const struct event *ev)
{
	struct kept *k = next_row(r);

	memcpy(&k->ev, ev, ev_size(ev));
	k->has_moved = false;
	k->verdict = NULL;
	if (!ask_needs(r->ask, NEED_VERDICT))
		return;
	k->verdict = xmalloc(sizeof(*k->verdict));
	judge_event(ev, k->verdict);
}

void rows_keep_earlier(struct rows *r, const struct event *ev)
{
	*next_row(r) = (struct kept){.ev = *ev};
}

struct row rows_row(struct api *api, const struct kept *k, uint64_t moment_ns)
{
	struct row row = view_row_of_event(api->view, (struct event *)&k->ev);

	if (k->ev.head.kind != EV_CLOSE)
		row.time_ns = moment_ns;
	row.moved = k->has_moved ? &k->moved : NULL;
	row.verdict = k->verdict;
	return row;
}

struct row rows_live_row(struct api *api, uint32_t slot, struct kept *scratch, unsigned needs)
{
	copy_flow(api, slot, scratch, needs & (NEED_EXTRA | NEED_VERDICT));
	if (needs & NEED_VERDICT) {
		scratch->verdict = &api->view->judged;
		judging_flow(&api->judging, api->consumer->engine, slot, scratch->verdict);
	}
	return rows_row(api, scratch, api->live.tick_ns);
}

void rows_put(const struct rows *r, const struct kept *k, struct out *out)
{
	struct row row = rows_row(r->api, k, r->moment_ns);

	if (r->ask->adds_id) {
		struct value id = column_id(&row);

		json_row_key(out, "id", 2, false);
		out_json_string(out, id.text, id.text_len);
	}
	json_row_put(out, &r->ask->section, &row, r->ask->adds_id);
	out_char(out, '}');
}

void rows_put_moment(struct api *api, uint64_t moment_ns, struct out *out)
{
	char text[32];
	size_t len = clock_format_rfc3339(api->view->context.clock, moment_ns, text);

	out_str(out, "\"moment\":");
	if (moment_ns)
		out_json_string(out, text, len);
	else
		out_str(out, "null");
	out_format(out, ",\"interval\":%.6g", (double)api->view->context.interval_us / 1e6);
}

static void put_head(struct rows *r, struct out *out)
{
	out_char(out, '{');
	rows_put_moment(r->api, r->moment_ns, out);
	if (r->earlier)
		out_format(out, ",\"complete\":%s", r->earlier->is_whole ? "true" : "false");
	out_format(out, ",\"total\":%llu,\"matched\":%llu,\"rows\":[", (unsigned long long)r->total,
		   (unsigned long long)r->matched);
	r->has_head = true;
}

bool rows_more(void *rows, struct out *out)
{
	struct rows *r = rows;
	size_t begin = r->bytes_max ? 0 : out->used;

	out->for_web = true;
	out->quotes_big = r->quotes_big;
	if (!r->has_head)
		put_head(r, out);
	while (r->at < r->count && (r->bytes_max || out->used - begin < PIECE_BYTES)) {
		if (r->at)
			out_char(out, ',');
		rows_put(r, &r->kept[r->at++], out);
		if (r->bytes_max && out->used - begin >= r->bytes_max)
			r->count = r->at;
	}
	if (r->at < r->count)
		return true;
	if (r->next[0])
		out_format(out, "],\"next\":\"%s\"}\n", r->next);
	else
		out_str(out, "],\"next\":null}\n");
	return false;
}

void rows_put_all(struct rows *r, struct out *out)
{
	while (rows_more(r, out))
		;
}

void rows_answer(struct rows *r, struct http_request *q)
{
	static const struct http_pieces pieces = {.more = rows_more, .done = rows_free};

	if (!answer_read_int64(q, &r->quotes_big)) {
		rows_free(r);
		return;
	}
	http_answer_pieces(q, 200, "application/json", &pieces, r);
}
