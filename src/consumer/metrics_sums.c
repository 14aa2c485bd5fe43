// SPDX-License-Identifier: BSD-2-Clause
/* What metrics add up: begun and ended here, and turned at the end of each interval. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "consumer/metrics_options.h"
#include "consumer/metrics_state.h"
#include "engine/clock.h"
#include "engine/engine.h"
#include "engine/needs.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/watch.h"
#include "util/log.h"
#include "util/pods.h"
#include "util/xalloc.h"
#include "view/judge.h"
#include "view/view.h"

#define NS_PER_S 1000000000ull
/* An interval that is so much longer than asked for is late. */
#define LATE_NS 500000000ull

struct metrics *metrics_new(struct consumer *c, struct view *view, const struct metrics_options *o,
			    enum metrics_names names, struct usage_error *error)
{
	struct metrics *m = xcalloc(1, sizeof(*m));

	m->options = o;
	m->consumer = c;
	m->view = view;
	m->labels.cgroups = view->context.cgroups;
	m->labels.prefixes = o->prefixes;
	m->labels.names = names;
	m->labels.pods = o->pods_from ? pods_new(o->pods_from) : NULL;
	/* A file may be of another host. */
	m->by = metrics_labels_default(
		c->question->watch->read_path ? NULL : m->labels.cgroups, m->labels.pods);
	if (metrics_labels_parse(&m->labels, o->by ? o->by : m->by, error)) {
		pods_free(m->labels.pods);
		free(m);
		return NULL;
	}
	metrics_labels_other(&m->labels, false, m->other[0]);
	metrics_labels_other(&m->labels, true, m->other[1]);
	c->wants |= WANT_OPENED | WANT_INTERVALS | WANT_LISTENERS | WANT_EACH | WANT_NOTE;
	c->needs |= metrics_labels_needs(&m->labels) | NEED_EXTRA | NEED_CAUSES | NEED_ERROR;
	c->reads_below = o->pods_from;
	if (!o->no_verdicts)
		c->needs |= NEED_VERDICT;
	return m;
}

void metrics_start(struct metrics *m, struct source *source, unsigned of)
{
	const struct metrics_options *o = m->options;
	uint32_t max_flows = m->consumer->engine->max_flows;
	struct series_limits limits = {
		.per_metric = (uint32_t)o->series_limit,
		.total = (uint32_t)o->series_limit_total,
		.idle_ns = o->idle_s * NS_PER_S,
	};
	uint64_t now_ns = source->offline ? 0 : clock_now_ns();

	m->source = source;
	m->flow_size = ((size_t)max_flows + 1) * sizeof(*m->flow);
	m->flow = reserve(m->flow_size);
	series_init(&m->flows, of, &limits, now_ns);
	series_init(&m->listeners, of | SERIES_OF_LISTENERS, &limits, now_ns);
	m->flows.shared_total = m->listeners.shared_total = &m->series_all;
	if (!o->no_verdicts)
		judge_begin(m->view, max_flows);
	if (o->pods_from && access(o->pods_from, R_OK | X_OK))
		log_warn("cannot look into %s: pods are known by their uid alone", o->pods_from);
	metrics_process_open(&m->process);
}

void metrics_shrink(struct metrics *m, uint32_t from, uint32_t to)
{
	reserve_forget(m->flow + from, (to - from) * sizeof(*m->flow));
	judge_shrink(m->view, from, to);
}

/* Each connection that began, or was there, must have ended or live on. */
static void take_balance(struct metrics *m)
{
	uint64_t began = series_sum(&m->flows, METRIC_OPENED) + m->adopted;
	uint64_t ended = series_sum(&m->flows, METRIC_CLOSED);

	m->balance = (int64_t)(began - ended - series_live(&m->flows));
	if (m->is_new_filter)
		m->balance_base = m->balance;
	m->is_new_filter = false;
	m->balance -= m->balance_base;
}

void metrics_turn(struct metrics *m, uint64_t time_ns)
{
	uint64_t interval_ns = m->consumer->question->interval_s * NS_PER_S;

	m->turns++;
	series_tick(&m->flows, time_ns);
	take_balance(m);
	series_tick(&m->listeners, time_ns);
	m->late += m->last_tick_ns && time_ns - m->last_tick_ns > interval_ns + LATE_NS;
	m->last_tick_ns = time_ns;
	m->snapshot_us =
		(uint64_t)((int64_t)time_ns + m->view->context.clock->realtime_offset_ns) / 1000;
}

void metrics_free(struct metrics *m)
{
	pods_free(m->labels.pods);
	if (m->flow) {
		reserve_free(m->flow, m->flow_size);
		series_done(&m->flows);
		series_done(&m->listeners);
		metrics_process_close(&m->process);
	}
	free(m);
}
