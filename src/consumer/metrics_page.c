// SPDX-License-Identifier: BSD-2-Clause
/* The page of metrics. It is made at most once an interval in each form, when somebody asks. */
#include "consumer/metrics_options.h"
#include "consumer/metrics_state.h"
#include "engine/clock.h"
#include "engine/question.h"
#include "serve/http.h"
#include "view/view.h"

#define NS_PER_S 1e9

void metrics_page_write(struct metrics *m, struct out *out, enum expose_format format)
{
	uint64_t begun_ns = clock_now_ns();
	struct expose x = {
		.out = out,
		.format = format,
		.is_created = m->options->has_created,
		.is_otel = m->labels.names == NAMES_OTEL,
		.realtime_offset_ns = m->view->context.clock->realtime_offset_ns,
	};

	x.other = m->other[0];
	expose_series(&x, &m->flows);
	x.other = m->other[1];
	expose_series(&x, &m->listeners);
	metrics_put_self(m, &x);
	expose_end(&x);
	m->build_s = (double)(clock_now_ns() - begun_ns) / NS_PER_S;
}

struct http_body *metrics_page(struct metrics *m, enum expose_format format, bool is_packed)
{
	static const char *const types[EXPOSE_FORMATS] = {
		"text/plain; version=0.0.4; charset=utf-8",
		"application/openmetrics-text; version=1.0.0; charset=utf-8",
	};
	struct out out;

	if (!m->page[format][0]) {
		out_init_memory(&out);
		metrics_page_write(m, &out, format);
		m->page[format][0] = http_body_new(&out, types[format]);
	}
	if (is_packed && !m->page[format][1])
		m->page[format][1] = http_body_gzip(m->page[format][0]);
	return is_packed && m->page[format][1] ? m->page[format][1] : m->page[format][0];
}

void metrics_page_drop(struct metrics *m)
{
	for (unsigned i = 0; i < EXPOSE_FORMATS; i++)
		for (unsigned k = 0; k < 2; k++) {
			http_body_drop(m->page[i][k]);
			m->page[i][k] = NULL;
		}
}
