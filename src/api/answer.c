// SPDX-License-Identifier: BSD-2-Clause
#include "api/answer.h"

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

void answer_json(struct http_request *q, struct out *out)
{
	out_char(out, '\n');
	http_answer(q, 200, "application/json", out);
}
