// SPDX-License-Identifier: BSD-2-Clause
/* /api/v1/series: the last minutes of the host, as arrays for charts. */
#include <string.h>

#include "api/answer.h"
#include "api/state.h"
#include "api/rows.h"
#include "engine/clock.h"
#include "serve/http.h"
#include "util/out.h"
#include "util/when.h"
#include "view/view.h"

#define US_PER_S 1000000
#define NS_PER_US 1000

static double rate(const struct minutes_point *p, uint64_t n)
{
	return p->interval_us ? (double)n * US_PER_S / p->interval_us : 0;
}

static double tx_rate(const struct minutes_point *p)
{
	return rate(p, p->tx_bytes);
}

static double rx_rate(const struct minutes_point *p)
{
	return rate(p, p->rx_bytes);
}

static double retrans_rate(const struct minutes_point *p)
{
	return rate(p, p->retrans);
}

static double opened_rate(const struct minutes_point *p)
{
	return rate(p, p->opened);
}

static double closed_rate(const struct minutes_point *p)
{
	return rate(p, p->closed);
}

static double failed_rate(const struct minutes_point *p)
{
	return rate(p, p->failed);
}

static double flows(const struct minutes_point *p)
{
	return p->flows;
}

static double rtt_p50(const struct minutes_point *p)
{
	return p->rtt_p50_us;
}

static double rtt_p95(const struct minutes_point *p)
{
	return p->rtt_p95_us;
}

static double rtt_p99(const struct minutes_point *p)
{
	return p->rtt_p99_us;
}

static const struct metric {
	const char *name;
	double (*get)(const struct minutes_point *p);
	bool zero_is_unknown;
} metrics[] = {
	{"tx_rate", tx_rate},	     {"rx_rate", rx_rate},	   {"retrans_rate", retrans_rate},
	{"opened_rate", opened_rate}, {"closed_rate", closed_rate}, {"failed_rate", failed_rate},
	{"flows", flows},	     {"rtt_p50_us", rtt_p50, true}, {"rtt_p95_us", rtt_p95, true},
	{"rtt_p99_us", rtt_p99, true},
};
#define METRICS (sizeof(metrics) / sizeof(metrics[0]))

/* A bit for each of a list; all if there is none. False: it was answered. */
static bool read_metrics(struct http_request *q, unsigned *ret)
{
	const char *list = http_query(q, "metric");

	*ret = list && *list ? 0 : (1u << METRICS) - 1;
	for (const char *p = list; p && *p; p += strcspn(p, ","), p += *p == ',') {
		size_t len = strcspn(p, ","), i = 0;

		while (i < METRICS && (strlen(metrics[i].name) != len ||
				       memcmp(metrics[i].name, p, len)))
			i++;
		if (i == METRICS) {
			http_problem(q, 400, "bad metric",
				     "there are tx_rate, rx_rate, retrans_rate, opened_rate, "
				     "closed_rate, failed_rate, flows, rtt_p50_us, rtt_p95_us and "
				     "rtt_p99_us",
				     "metric", (size_t)(p - list));
			return false;
		}
		*ret |= 1u << i;
	}
	return true;
}

/* How many of the latest points are wanted. False: it was answered. */
static bool read_span(const struct api *api, struct http_request *q, size_t *ret)
{
	const char *text = http_query(q, "from");
	int64_t us;
	size_t at, n = 0, count = minutes_count(&api->minutes);

	*ret = count;
	if (!text || !*text)
		return true;
	at = *text == '-';
	if (!at || when_parse_span(text + 1, &us, &at)) {
		http_problem(q, 400, "bad time", "expected a span before now, such as -5m", "from",
			     at);
		return false;
	}
	while (n < count && minutes_latest(&api->minutes, n)->time_ns +
					    (uint64_t)us * NS_PER_US > api->live.tick_ns)
		n++;
	*ret = n;
	return true;
}

static void put_metric(const struct api *api, const struct metric *m, size_t count, struct out *out)
{
	out_format(out, ",\"%s\":[", m->name);
	for (size_t i = count; i--;) {
		double v = m->get(minutes_latest(&api->minutes, i));

		if (m->zero_is_unknown && !v)
			out_str(out, i ? "null," : "null");
		else
			out_format(out, i ? "%.6g," : "%.6g", v);
	}
	out_char(out, ']');
}

static void put_times(const struct api *api, size_t count, struct out *out)
{
	int64_t offset_ns = api->view->context.clock->realtime_offset_ns;

	out_str(out, ",\"time\":[");
	for (size_t i = count; i--;) {
		int64_t ns = (int64_t)minutes_latest(&api->minutes, i)->time_ns + offset_ns;

		out_format(out, i ? "%.3f," : "%.3f", (double)(ns / 1000000) / 1000);
	}
	out_char(out, ']');
}

void answer_series(void *context, struct http_request *q)
{
	struct api *api = context;
	unsigned wanted;
	size_t count;
	struct out out;

	if (!read_metrics(q, &wanted) || !read_span(api, q, &count))
		return;
	answer_begin(&out);
	out_char(&out, '{');
	rows_put_moment(api, api->live.tick_ns, &out);
	put_times(api, count, &out);
	for (size_t i = 0; i < METRICS; i++)
		if (wanted >> i & 1)
			put_metric(api, &metrics[i], count, &out);
	out_char(&out, '}');
	answer_json(q, &out);
}
