// SPDX-License-Identifier: BSD-2-Clause
#include "api/answer.h"

#include <string.h>

#include "api/state.h"
#include "api/ask.h"
#include "api/earlier.h"
#include "consumer/agent.h"
#include "serve/http.h"
#include "util/out.h"
#include "view/view.h"

const char *answer_get(void *context, const char *name)
{
	return http_query(context, name);
}

static struct ask *read(struct api *api, struct http_request *q, const struct ask_from *from,
			const struct ask_defaults *defaults)
{
	struct ask_problem problem = {.at = 0};
	struct ask *ask = ask_read(from, defaults, api->consumer->question->watch,
				   api->view->context.cgroups, &problem);

	if (!ask)
		http_problem(q, 400, problem.title, problem.text, problem.parameter, problem.at);
	return ask;
}

struct ask *answer_ask(struct api *api, struct http_request *q, const struct ask_defaults *defaults)
{
	const struct ask_from from = {.get = answer_get, .context = q};

	return read(api, q, &from, defaults);
}

struct ask *answer_ask_at(struct api *api, struct http_request *q,
			  const struct ask_from *from, const struct ask_defaults *defaults,
			  struct earlier **ret_earlier)
{
	struct earlier *earlier;
	struct ask *ask;

	if (!earlier_open(api, q, &earlier))
		return NULL;
	if (earlier)
		earlier_enter(earlier);
	ask = read(api, q, from, defaults);
	if (earlier)
		earlier_leave(earlier);
	if (ask && ask->states && earlier && !earlier->recording) {
		http_problem(q, 400, "bad state", "the states of an earlier moment are not kept",
			     "state", SIZE_MAX);
		ask_free(ask);
		ask = NULL;
	}
	if (!ask)
		earlier_free(earlier);
	*ret_earlier = ask ? earlier : NULL;
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
