// SPDX-License-Identifier: BSD-2-Clause
/* /api/v1/flows/ID: all that is known of one flow, with its last minutes and its verdict. */
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/state.h"
#include "api/ask.h"
#include "api/rows.h"
#include "engine/column.h"
#include "engine/engine.h"
#include "serve/http.h"
#include "util/out.h"
#include "view/json_row.h"
#include "view/judge.h"
#include "view/view.h"

/* Those of a flow: not of groups, handshakes or the host, nor what changes with the options. */
static bool is_of_a_flow(const struct column *c)
{
	static const char *const others[] = {
		"clock",	 "elapsed",	 "amount",     "tx_kb",	       "rx_kb",
		"acked_kb",	 "ms",		 "subnet",     "prefix",       "flows",
		"group",	 "port",	 "busiest",    "busiest_pid",  "busiest_comm",
		"scope",	 "started",	 "direction",  "client_addr",  "client_port",
		"server_addr",	 "server_port",	 "outcome",    "retry",	       "conn_state",
		"dup_syn",	 "dup_syn_ack",	 "icmp",       "dropped",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(others[i], c->name))
			return false;
	return true;
}

static void put_all_columns(const struct row *row, struct out *out)
{
	bool is_later = false;

	for (size_t i = 0; i < column_count; i++) {
		if (!is_of_a_flow(&columns[i]))
			continue;
		json_row_column(out, &columns[i], row, is_later);
		is_later = true;
	}
	out_char(out, '}');
}

#define PUT_LIST(out, name, count, format, value)                          \
	do {                                                               \
		out_str(out, "\"" name "\":[");                            \
		for (size_t i_ = 0; i_ < (count); i_++)                    \
			out_format(out, "%s" format, i_ ? "," : "", value); \
		out_char(out, ']');                                        \
	} while (0)

/* Bytes a second, of each step. */
static void put_trail(const struct api *api, uint32_t slot, struct out *out)
{
	struct trail_point point[TRAIL_POINTS];
	size_t n = live_trail(&api->live, slot, point);

	out_format(out, "{\"step\":%d,", TRAIL_STEP_S);
	PUT_LIST(out, "tx_rate", n, "%.0f", (double)point[i_].tx_bytes / TRAIL_STEP_S);
	out_char(out, ',');
	PUT_LIST(out, "rx_rate", n, "%.0f", (double)point[i_].rx_bytes / TRAIL_STEP_S);
	out_char(out, ',');
	PUT_LIST(out, "srtt_us", n, "%u", point[i_].srtt_us);
	out_char(out, ',');
	PUT_LIST(out, "retrans", n, "%u", point[i_].retrans);
	out_char(out, '}');
}

static void answer_live(struct api *api, uint32_t slot, struct http_request *q)
{
	struct kept kept;
	struct row row = rows_live_row(api, slot, &kept, NEED_EXTRA | NEED_VERDICT);
	struct out out;

	if (!answer_begin_int64(&out, q))
		return;
	out_char(&out, '{');
	rows_put_moment(api, api->live.tick_ns, &out);
	out_str(&out, ",\"alive\":true,\"flow\":");
	put_all_columns(&row, &out);
	out_str(&out, ",\"trail\":");
	put_trail(api, slot, &out);
	out_char(&out, '}');
	answer_json(q, &out);
}

/* RFC 9110: it was here, and is no more. What it was goes with the problem. */
static void answer_gone(struct api *api, const struct event *ev, struct http_request *q)
{
	struct kept kept = {.ev = *ev, .verdict = &api->view->judged};
	struct row row;
	struct out out;

	judge_event(ev, kept.verdict);
	row = rows_row(api, &kept, api->live.tick_ns);
	if (!answer_begin_int64(&out, q))
		return;
	out_str(&out, "{\"type\":\"about:blank\",\"title\":\"the flow has closed\",\"status\":410,"
		      "\"detail\":\"this is how it was\",\"alive\":false,\"flow\":");
	put_all_columns(&row, &out);
	out_str(&out, "}\n");
	http_answer(q, 410, "application/problem+json", &out);
}

void answer_flow(void *context, struct http_request *q)
{
	struct api *api = context;
	const struct engine *e = api->consumer->engine;
	const struct flow *f;
	uint64_t id;

	if (ask_id_read(http_rest(q), &id)) {
		http_problem(q, 404, "no such flow",
			     "expected the id of a flow, as the column id shows it", NULL, SIZE_MAX);
		return;
	}
	f = flow_table_find(&e->flows, id);
	if (f && api->live.flow[flow_table_slot(&e->flows, f)].id == id) {
		answer_live(api, flow_table_slot(&e->flows, f), q);
		return;
	}
	for (size_t i = 0; i < lately_count(&api->closed); i++)
		if (lately_latest(&api->closed, i)->ev.head.id == id) {
			answer_gone(api, &lately_latest(&api->closed, i)->ev, q);
			return;
		}
	http_problem(q, 404, "no such flow",
		     "it does not live, and is not among those that closed lately", NULL, SIZE_MAX);
}
