// SPDX-License-Identifier: BSD-2-Clause
#include "api/answer.h"

#include <string.h>

#include "api/state.h"
#include "api/ask.h"
#include "consumer/agent.h"
#include "serve/http.h"
#include "util/out.h"
#include "view/view.h"

static const char *get(void *context, const char *name)
{
	return http_query(context, name);
}

struct ask *answer_ask(struct api *api, struct http_request *q, const struct ask_defaults *defaults)
{
	const struct ask_from from = {.get = get, .context = q};
	struct ask_problem problem = {.at = 0};
	struct ask *ask = ask_read(&from, defaults, api->consumer->question->watch,
				   api->view->context.cgroups, &problem);

	if (!ask)
		http_problem(q, 400, problem.title, problem.text, problem.parameter, problem.at);
	return ask;
}

void answer_begin(struct out *out)
{
	out_init_memory(out);
	out->for_web = true;
}

bool answer_read_int64(struct http_request *q, bool *ret_quotes_big)
{
	const char *text = http_query(q, "int64");

	*ret_quotes_big = text && !strcmp(text, "string");
	if (!text || !*text || *ret_quotes_big || !strcmp(text, "number"))
		return true;
	http_problem(q, 400, "bad form of numbers",
		     "expected number, or string: then those beyond 2^53 are strings", "int64", 0);
	return false;
}

bool answer_begin_int64(struct out *out, struct http_request *q)
{
	bool quotes_big;

	if (!answer_read_int64(q, &quotes_big))
		return false;
	answer_begin(out);
	out->quotes_big = quotes_big;
	return true;
}

void answer_json(struct http_request *q, struct out *out)
{
	out_char(out, '\n');
	http_answer(q, 200, "application/json", out);
}
