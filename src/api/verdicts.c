// SPDX-License-Identifier: BSD-2-Clause
/* /api/v1/verdicts: what is wrong, the worst first, as `why --json` tells it. */
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/state.h"
#include "api/ask.h"
#include "api/rows.h"
#include "serve/http.h"
#include "util/out.h"
#include "view/json_row.h"
#include "view/view.h"

static void put_summary(const struct judging *j, struct out *out)
{
	const uint64_t *n = j->by_severity[j->shown];

	out_str(out, ",\"by_severity\":{");
	for (int i = 0; i < SEVERITY_COUNT; i++)
		out_format(out, "%s\"%s\":%llu", i ? "," : "", severity_name((enum severity)i),
			   (unsigned long long)n[i]);
	out_char(out, '}');
}

struct row answer_verdict_row(struct api *api, const struct why_case *one)
{
	return (struct row){
		.context = &api->view->context,
		.time_ns = one->time_ns,
		.id = one->id,
		.state = one->state,
		.end_reason = one->end_reason,
		.error = one->error,
		.flows = 1,
		.count = one->count,
		.ident = one->has_ident ? &one->ident : NULL,
		.extra = one->has_extra ? &one->extra : NULL,
		.verdict = &one->verdict,
	};
}

/* What concerns the host, or a connection that the filter takes. */
static bool takes(const struct ask *ask, const struct why_case *one)
{
	return one->has_ident ? ask_takes(ask, &one->ident, one->state) : !ask->has_filter;
}

static uint64_t put_rows(struct api *api, const struct ask *ask, struct out *out)
{
	const struct why_cases *cases = &api->judging.cases[api->judging.shown];
	uint64_t matched = 0;

	for (size_t i = 0; i < cases->table.used; i++) {
		uint64_t flows;
		const struct why_case *one = why_cases_at(cases, i, &flows);
		struct row row = answer_verdict_row(api, one);

		if (!takes(ask, one))
			continue;
		if (matched++ >= ask->limit)
			continue;
		if (matched > 1)
			out_char(out, ',');
		json_row_put(out, &ask->section, &row, false);
		out_char(out, '}');
	}
	return matched;
}

void answer_verdicts(void *context, struct http_request *q)
{
	static const struct ask_defaults defaults = {VERDICT_COLUMNS, NULL, 100};
	struct api *api = context;
	const struct judging *j = &api->judging;
	struct ask *ask = answer_ask(api, q, &defaults);
	struct out out;
	uint64_t matched;

	if (!ask)
		return;
	if (!answer_begin_int64(&out, q)) {
		ask_free(ask);
		return;
	}
	out_char(&out, '{');
	rows_put_moment(api, j->shown_ns, &out);
	put_summary(j, &out);
	out_format(&out, ",\"refused\":%llu,\"rows\":[",
		   (unsigned long long)j->cases[j->shown].table.refused);
	matched = put_rows(api, ask, &out);
	out_format(&out, "],\"total\":%u,\"matched\":%llu}", j->cases[j->shown].table.used,
		   (unsigned long long)matched);
	ask_free(ask);
	answer_json(q, &out);
}
