// SPDX-License-Identifier: BSD-2-Clause
#include "api/answer.h"

#include <string.h>

#include "api/state.h"
#include "api/ask.h"
#include "api/earlier.h"
#include "consumer/agent.h"
#include "serve/http.h"
#include "util/out.h"
#include "util/when.h"
#include "view/view.h"

#define US_PER_S 1000000
#define STEP_MAX_S 300

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

bool answer_read_metrics(struct http_request *q, const char *const *names, size_t count,
			 const char *said, unsigned *ret)
{
	const char *list = http_query(q, "metric");

	*ret = list && *list ? 0 : (1u << count) - 1;
	for (const char *p = list; p && *p; p += strcspn(p, ","), p += *p == ',') {
		size_t len = strcspn(p, ","), i = 0;

		while (i < count && (strlen(names[i]) != len || memcmp(names[i], p, len)))
			i++;
		if (i == count) {
			http_problem(q, 400, "bad metric", said, "metric", (size_t)(p - list));
			return false;
		}
		*ret |= 1u << i;
	}
	return true;
}

bool answer_read_step(struct http_request *q, unsigned least_s, uint64_t *ret_s)
{
	const char *text = http_query(q, "step");
	const char *said = least_s == 1 ? "expected whole seconds, from 1s to 5m"
					: "expected a multiple of 5s, from 5s to 5m";
	int64_t us = (int64_t)least_s * US_PER_S;
	size_t at = 0;

	if (text && *text &&
	    (when_parse_span(text, &us, &at) || us % ((int64_t)least_s * US_PER_S) ||
	     us > STEP_MAX_S * US_PER_S)) {
		http_problem(q, 400, "bad step", said, "step", at);
		return false;
	}
	*ret_s = (uint64_t)us / US_PER_S;
	return true;
}

bool answer_read_from(struct http_request *q, int64_t *ret_us)
{
	const char *text = http_query(q, "from");
	size_t at;

	*ret_us = 0;
	if (!text || !*text)
		return true;
	at = *text == '-';
	if (at && !when_parse_span(text + 1, ret_us, &at))
		return true;
	http_problem(q, 400, "bad time", "expected a span before now, such as -5m", "from", at);
	return false;
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
