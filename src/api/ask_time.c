// SPDX-License-Identifier: BSD-2-Clause
#include "api/ask_time.h"

#include "api/state.h"
#include "engine/clock.h"
#include "serve/http.h"
#include "util/when.h"
#include "view/view.h"

#define NS_PER_US 1000

bool ask_time(struct api *api, struct http_request *q, const char *name, int64_t *ret_wall_us)
{
	int64_t offset_us = api->view->context.clock->realtime_offset_ns / NS_PER_US;
	int64_t now_us = (int64_t)(clock_now_ns() / NS_PER_US) + offset_us, span_us;
	const char *text = http_query(q, name);
	size_t at = 0, other = 0;

	*ret_wall_us = 0;
	if (!text || !*text)
		return true;
	if (!when_parse_span(text, &span_us, &other)) {
		*ret_wall_us = now_us - span_us;
		return true;
	}
	if (!when_parse(text, now_us, ret_wall_us, &at))
		return true;
	http_problem(q, 400, "bad time",
		     "expected a span such as 5m, or a time such as 2026-11-24T03:12:00Z", name, at);
	return false;
}
