// SPDX-License-Identifier: BSD-2-Clause
/* /api/v1/groups and /api/v1/edges: flows summed up, by whatever is asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/state.h"
#include "api/ask.h"
#include "api/earlier.h"
#include "api/rows.h"
#include "api/sums_by.h"
#include "engine/column.h"
#include "serve/http.h"
#include "util/out.h"
#include "util/xalloc.h"
#include "view/json_row.h"
#include "view/view.h"

#define LIMIT_DEFAULT 100
#define US_PER_S 1000000.0

static uint64_t key_rate(const struct sum *s)
{
	return s->tx_moved + s->rx_moved;
}

static uint64_t key_tx_rate(const struct sum *s)
{
	return s->tx_moved;
}

static uint64_t key_rx_rate(const struct sum *s)
{
	return s->rx_moved;
}

static uint64_t key_bytes(const struct sum *s)
{
	return s->tx_bytes + s->rx_bytes;
}

static uint64_t key_flows(const struct sum *s)
{
	return s->flows;
}

static uint64_t key_closed(const struct sum *s)
{
	return s->closed;
}

static uint64_t key_failed(const struct sum *s)
{
	return s->failed;
}

static uint64_t key_retrans(const struct sum *s)
{
	return s->retrans;
}

static uint64_t key_srtt(const struct sum *s)
{
	return s->srtt_us;
}

static uint64_t key_wrong(const struct sum *s)
{
	return s->worst ? ((uint64_t)s->severity << 32) + s->wrong : 0;
}

static const struct order {
	const char *name;
	uint64_t (*key)(const struct sum *s);
} orders[] = {
	{"-rate", key_rate},	  {"-tx_rate", key_tx_rate}, {"-rx_rate", key_rx_rate},
	{"-bytes", key_bytes},	  {"-flows", key_flows},     {"-closed", key_closed},
	{"-failed", key_failed},  {"-retrans", key_retrans}, {"-srtt_us", key_srtt},
	{"-severity", key_wrong},
};

static const struct order *order_of(const char *name)
{
	if (!name || !*name)
		return &orders[0];
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (!strcmp(orders[i].name, name))
			return &orders[i];
	return NULL;
}

static uint64_t per_second(const struct api *api, uint64_t bytes)
{
	uint64_t us = api->view->context.interval_us;

	return us ? (uint64_t)((double)bytes * US_PER_S / (double)us + 0.5) : 0;
}

static void put_number(struct out *out, const char *name, uint64_t n)
{
	json_row_key(out, name, strlen(name), true);
	json_uint_put(out, n);
}

static void put_known(struct out *out, const char *name, uint64_t n)
{
	json_row_key(out, name, strlen(name), true);
	if (n)
		json_uint_put(out, n);
	else
		out_str(out, "null");
}

static void put_sum(const struct api *api, const struct sum *s, struct out *out)
{
	put_number(out, "flows", s->flows);
	put_number(out, "closed", s->closed);
	put_number(out, "failed", s->failed);
	put_number(out, "tx_bytes", s->tx_bytes);
	put_number(out, "rx_bytes", s->rx_bytes);
	put_number(out, "tx_rate", per_second(api, s->tx_moved));
	put_number(out, "rx_rate", per_second(api, s->rx_moved));
	put_known(out, "srtt_us", s->srtt_us);
	put_known(out, "min_rtt_us", s->min_rtt_us);
	put_number(out, "retrans", s->retrans);
	put_number(out, "wrong", s->wrong);
	if (s->worst)
		out_format(out, ",\"severity\":\"%s\",\"verdict\":\"%s\"}",
			   severity_name(s->severity), s->worst->code);
	else
		out_str(out, ",\"severity\":null,\"verdict\":null}");
}

bool answer_read_by(struct sums_by *by, struct http_request *q, const char *parameter,
		    const char *list)
{
	const char *why;
	size_t at;

	if (!sums_by_columns(by, list, &at, &why))
		return true;
	http_problem(q, 400, "bad grouping", why, parameter, at);
	return false;
}

static const struct order *read_order(struct http_request *q)
{
	const char *sort = http_query(q, "sort");
	const struct order *order = order_of(sort);

	if (!order)
		http_problem(
			q, 400, "bad order",
			"groups are sorted by -rate, -tx_rate, -rx_rate, -bytes, -flows, -closed, "
			"-failed, -retrans, -srtt_us or -severity, the largest first",
			"sort", 0);
	return order;
}

/* What is left for ask_read() once `sort` was read here. */
static const char *get_but_sort(void *q, const char *name)
{
	return strcmp(name, "sort") ? http_query(q, name) : NULL;
}

/* A question for sums, and where it stands. */
struct sums_asked {
	struct api *api;
	struct earlier *earlier; /* NULL: of now */
	struct ask *ask;
	const struct order *order;
	struct sums_by by;
	const char *names[SUMS_BY_MAX];
	char head[96];
	bool quotes_big; /* numbers beyond 2^53 are strings */
};

static void put_rows(struct sums_asked *a, struct out *out)
{
	struct sums_by *by = &a->by;
	const struct sum **all = sums_by_sorted(by, a->order->key);
	size_t count = sums_by_count(by), shown = count < a->ask->limit ? count : a->ask->limit;

	out_format(out, ",\"total\":%llu,\"matched\":%llu,\"groups\":%zu,\"rows\":[",
		   (unsigned long long)by->total, (unsigned long long)by->matched, count);
	for (size_t i = 0; i < shown; i++) {
		if (i)
			out_char(out, ',');
		sums_by_put_values(by, all[i], a->names, out);
		put_sum(a->api, all[i], out);
	}
	out_char(out, ']');
	free(all);
}

static void put_sums(struct sums_asked *a, uint64_t moment_ns, struct out *out)
{
	out->for_web = true;
	out->quotes_big = a->quotes_big;
	out_char(out, '{');
	rows_put_moment(a->api, moment_ns, out);
	if (a->earlier)
		out_format(out, ",\"complete\":%s", a->earlier->is_whole ? "true" : "false");
	out_str(out, a->head);
	put_rows(a, out);
	out_str(out, "}\n");
	sums_by_done(&a->by);
}

static bool more(void *context, struct out *out)
{
	struct sums_asked *a = context;

	if (a->earlier && earlier_read(a->earlier)) {
		out_char(out, ' ');
		return true;
	}
	if (!a->earlier) {
		sums_by_fill(&a->by, a->api, a->ask);
		put_sums(a, a->api->live.tick_ns, out);
		return false;
	}
	earlier_enter(a->earlier);
	sums_by_fill_earlier(&a->by, a->earlier, a->ask);
	put_sums(a, a->earlier->is_known ? a->earlier->to_ns : 0, out);
	earlier_leave(a->earlier);
	return false;
}

static void done(void *context)
{
	struct sums_asked *a = context;

	ask_free(a->ask);
	earlier_free(a->earlier);
	free(a);
}

/* With `by`, `names` and `head` set; takes `a`. */
static void answer_sums(struct sums_asked *a, struct http_request *q)
{
	static const struct ask_defaults defaults = {"id", NULL, LIMIT_DEFAULT};
	static const struct http_pieces pieces = {.more = more, .done = done};
	const struct ask_from from = {.get = get_but_sort, .context = q};

	a->order = read_order(q);
	a->ask = a->order && answer_read_int64(q, &a->quotes_big)
			 ? answer_ask_at(a->api, q, &from, &defaults, &a->earlier)
			 : NULL;
	if (a->ask)
		http_answer_pieces(q, 200, "application/json", &pieces, a);
	else
		free(a);
}

void answer_groups(void *api, struct http_request *q)
{
	const char *list = http_query(q, "by");
	struct sums_asked *a;
	struct sums_by by;

	if (!answer_read_by(&by, q, "by", list && *list ? list : "unit"))
		return;
	a = xcalloc(1, sizeof(*a));
	a->api = api;
	a->by = by;
	for (size_t i = 0; i < by.columns; i++)
		a->names[i] = by.column[i]->name;
	answer_sums(a, q);
}

void answer_edges(void *api, struct http_request *q)
{
	const char *from = http_query(q, "by"), *to = http_query(q, "peer");
	struct sums_by by, check;
	struct sums_asked *a;
	char list[64];

	from = from && *from ? from : "unit";
	to = to && *to ? to : "remote_class";
	if (!answer_read_by(&check, q, "by", from))
		return;
	if (!answer_read_by(&by, q, "peer", to))
		return;
	if (check.columns > 1 || by.columns > 1) {
		http_problem(q, 400, "bad grouping", "expected one column",
			     check.columns > 1 ? "by" : "peer",
			     strcspn(check.columns > 1 ? from : to, ","));
		return;
	}
	snprintf(list, sizeof(list), "%s,%s", from, to);
	if (!answer_read_by(&by, q, "peer", list))
		return;
	a = xcalloc(1, sizeof(*a));
	a->api = api;
	a->by = by;
	a->names[0] = "from";
	a->names[1] = "to";
	snprintf(a->head, sizeof(a->head), ",\"by\":\"%s\",\"peer\":\"%s\"", from, to);
	answer_sums(a, q);
}
