// SPDX-License-Identifier: BSD-2-Clause
/* /api/v1/series: the last minutes of the host, as arrays for charts. */
#include <string.h>
#include <sys/param.h>

#include "api/answer.h"
#include "api/state.h"
#include "api/rows.h"
#include "engine/clock.h"
#include "serve/http.h"
#include "util/out.h"
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

static bool read_metrics(struct http_request *q, unsigned *ret)
{
	const char *names[METRICS];

	for (size_t i = 0; i < METRICS; i++)
		names[i] = metrics[i].name;
	return answer_read_metrics(q, names, METRICS,
				   "there are tx_rate, rx_rate, retrans_rate, opened_rate, "
				   "closed_rate, failed_rate, flows, rtt_p50_us, rtt_p95_us and "
				   "rtt_p99_us",
				   ret);
}

/* How many of the latest points are wanted. False: it was answered. */
static bool read_span(const struct api *api, struct http_request *q, size_t *ret)
{
	size_t n = 0, count = minutes_count(&api->minutes);
	int64_t us;

	if (!answer_read_from(q, &us))
		return false;
	while (us && n < count && minutes_latest(&api->minutes, n)->time_ns +
					    (uint64_t)us * NS_PER_US > api->live.tick_ns)
		n++;
	*ret = us ? n : count;
	return true;
}

/* What only groups know. False: one of them was given, and it was answered. */
static bool is_of_host(struct http_request *q)
{
	static const char *const of_groups[] = {"filter", "pid",   "unit", "container",
						"state",  "netns", "limit"};

	for (size_t i = 0; i < sizeof(of_groups) / sizeof(of_groups[0]); i++) {
		const char *value = http_query(q, of_groups[i]);

		if (!value || !*value)
			continue;
		http_problem(q, 400, "bad question",
			     "without group the series are those of the host: add group=comm, or "
			     "another column, to choose among flows", of_groups[i], SIZE_MAX);
		return false;
	}
	return true;
}

/* Add what came later: counts add up, of gauges the last one holds, of round trips the worst. */
static void merge(struct minutes_point *p, const struct minutes_point *later)
{
	struct minutes_point sum = *later;

	sum.interval_us += p->interval_us;
	sum.tx_bytes += p->tx_bytes;
	sum.rx_bytes += p->rx_bytes;
	sum.retrans += p->retrans;
	sum.opened += p->opened;
	sum.closed += p->closed;
	sum.failed += p->failed;
	sum.rtt_p50_us = MAX(sum.rtt_p50_us, p->rtt_p50_us);
	sum.rtt_p95_us = MAX(sum.rtt_p95_us, p->rtt_p95_us);
	sum.rtt_p99_us = MAX(sum.rtt_p99_us, p->rtt_p99_us);
	*p = sum;
}

/*
 * The latest `count` points, oldest first, those of one step as one. Steps stand on multiples of
 * themselves, so that the next answer draws the same ones. Returns how many there are in `ret`, which
 * has room for `count`.
 */
static size_t take_points(const struct api *api, size_t count, uint64_t step_s,
			  struct minutes_point *ret)
{
	uint64_t step_ns = step_s * US_PER_S * NS_PER_US, last = 0;
	size_t n = 0;

	for (size_t i = count; i--;) {
		const struct minutes_point *p = minutes_latest(&api->minutes, i);
		/* One that ends on a multiple belongs to what is before it. */
		uint64_t number = (p->time_ns - 1) / step_ns;

		if (n && step_s > 1 && number == last)
			merge(&ret[n - 1], p);
		else
			ret[n++] = *p;
		last = number;
	}
	return n;
}

static void put_metric(const struct metric *m, const struct minutes_point *point, size_t count,
		       struct out *out)
{
	out_format(out, ",\"%s\":[", m->name);
	for (size_t i = 0; i < count; i++) {
		double v = m->get(&point[i]);

		if (i)
			out_char(out, ',');
		if (m->zero_is_unknown && !v)
			out_str(out, "null");
		else
			out_format(out, "%.6g", v);
	}
	out_char(out, ']');
}

static void put_times(const struct api *api, const struct minutes_point *point, size_t count,
		      struct out *out)
{
	int64_t offset_ns = api->view->context.clock->realtime_offset_ns;

	out_str(out, ",\"time\":[");
	for (size_t i = 0; i < count; i++) {
		int64_t ns = (int64_t)point[i].time_ns + offset_ns;

		out_format(out, i ? ",%.3f" : "%.3f", (double)(ns / 1000000) / 1000);
	}
	out_char(out, ']');
}

void answer_series(void *context, struct http_request *q)
{
	struct api *api = context;
	struct minutes_point point[MINUTES_POINTS];
	unsigned wanted;
	uint64_t step_s;
	size_t count;
	struct out out;
	const char *group = http_query(q, "group");

	if (group && *group) {
		answer_series_by(api, q);
		return;
	}
	if (!is_of_host(q) || !read_metrics(q, &wanted) || !read_span(api, q, &count) ||
	    !answer_read_step(q, 1, &step_s))
		return;
	count = take_points(api, count, step_s, point);
	answer_begin(&out);
	out_char(&out, '{');
	rows_put_moment(api, api->live.tick_ns, &out);
	out_format(&out, ",\"step\":%llu", (unsigned long long)step_s);
	put_times(api, point, count, &out);
	for (size_t i = 0; i < METRICS; i++)
		if (wanted >> i & 1)
			put_metric(&metrics[i], point, count, &out);
	out_char(&out, '}');
	answer_json(q, &out);
}
