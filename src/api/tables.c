// SPDX-License-Identifier: BSD-2-Clause
/* /api/v1/columns and /api/v1/counters: what there is, and what the host counts. */
#include <string.h>

#include "api/answer.h"
#include "api/state.h"
#include "api/rows.h"
#include "consumer/agent.h"
#include "engine/clock.h"
#include "engine/column.h"
#include "engine/counter.h"
#include "engine/source.h"
#include "serve/http.h"
#include "util/out.h"
#include "view/json_row.h"

static void put_text(struct out *out, const char *name, const char *text)
{
	out_format(out, "\"%s\":", name);
	out_json_string(out, text, strlen(text));
}

void answer_columns(void *context, struct http_request *q)
{
	const struct api *api = context;
	struct out out;

	answer_begin(&out);
	out_str(&out, "{\"rows\":[");
	for (size_t i = 0; i < column_count; i++) {
		const struct column *c = &columns[i];
		char title[COLUMN_TITLE_SIZE];

		out_str(&out, i ? ",{" : "{");
		put_text(&out, "name", c->name);
		out_char(&out, ',');
		put_text(&out, "title", column_title(c, title));
		out_char(&out, ',');
		put_text(&out, "unit", c->unit);
		out_char(&out, ',');
		put_text(&out, "help", c->help);
		out_format(&out, ",\"available\":%s}",
			   c->needs & api->consumer->lacks ? "false" : "true");
	}
	out_str(&out, "]}");
	answer_json(q, &out);
}

/* What the kernel counts for no socket, as it is now: nobody reads it all the time. */
void answer_counters(void *context, struct http_request *q)
{
	struct api *api = context;
	struct source *source = api->agent->source;
	int64_t value[COUNTER_COUNT];
	struct value v = {.type = VALUE_INT};
	bool is_later = false;
	struct out out;

	if (!source->ops->host || source->lacks & NEED_HOST) {
		http_problem(q, 404, "no counters", "this source reads none of the host's counters",
			     NULL, SIZE_MAX);
		return;
	}
	if (!answer_begin_int64(&out, q))
		return;
	source->ops->host(source, value);
	out_char(&out, '{');
	rows_put_moment(api, clock_now_ns(), &out);
	out_str(&out, ",\"host\":");
	for (int i = 0; i < COUNTER_COUNT; i++) {
		if (counters[i].kind != HOST || counters[i].needs & api->consumer->lacks)
			continue;
		v.i = value[i];
		json_row_key(&out, counters[i].name, strlen(counters[i].name), is_later);
		json_value_put(&out, &v);
		is_later = true;
	}
	out_str(&out, is_later ? "}}" : "{}}");
	answer_json(q, &out);
}
