// SPDX-License-Identifier: BSD-2-Clause
#include "push/otlp.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "push/child.h"
#include "push/post.h"
#include "push/retry.h"
#include "util/log.h"

#define ANSWER_SHOWN 200
#define QUIET_S 60

struct work {
	const struct otlp_settings *settings;
	struct post *post;
	int socket;
	int64_t told_s; /* when trouble was told last; 0: never */
};

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

unsigned otlp_rejected(const char *answer, char *why, unsigned size)
{
	json_t *root = json_loads(answer, 0, NULL), *partial, *count, *message;
	unsigned rejected = 0;

	partial = json_object_get(root, "partialSuccess");
	count = json_object_get(partial, "rejectedLogRecords");
	if (!count)
		count = json_object_get(partial, "rejectedDataPoints");
	message = json_object_get(partial, "errorMessage");
	/* An int64 is a string in OTLP's JSON, and servers write a number all the same. */
	if (json_is_string(count))
		rejected = (unsigned)strtoul(json_string_value(count), NULL, 10);
	else if (json_is_integer(count) && json_integer_value(count) > 0)
		rejected = (unsigned)json_integer_value(count);
	snprintf(why, size, "%s", json_is_string(message) ? json_string_value(message) : "");
	json_decref(root);
	return rejected;
}

/* A server's words for a terminal. */
static void printable(const char *text, char *ret, size_t size)
{
	size_t i;

	for (i = 0; text[i] && i + 1 < size; i++)
		ret[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	ret[i] = '\0';
}

/* The first trouble, then one a minute. */
static bool may_tell(struct work *w)
{
	int64_t now = now_s();

	if (w->told_s && now < w->told_s + QUIET_S)
		return false;
	w->told_s = now;
	return true;
}

static void tell_refusal(struct work *w, const char *url, const struct post_result *result,
			 unsigned records)
{
	char answer[ANSWER_SHOWN + 1];

	if (!may_tell(w))
		return;
	printable(result->answer, answer, sizeof(answer));
	log_warn("otlp: %s answers %u, and %u records are dropped%s%s", url, result->status,
		 records, answer[0] ? ": " : "", answer);
}

static void tell_wait(struct work *w, const char *url, const struct post_result *result)
{
	char problem[POST_PROBLEM_MAX];

	if (!may_tell(w))
		return;
	printable(result->problem, problem, sizeof(problem));
	if (result->status)
		log_warn("otlp: %s answers %u; trying again", url, result->status);
	else
		log_warn("otlp: no answer from %s: %s; trying again", url, problem);
}

static void take_success(struct work *w, const char *url, const struct post_result *result,
			 const struct push_job *job, struct push_answer *ret)
{
	char why[ANSWER_SHOWN + 1], clean[ANSWER_SHOWN + 1];
	unsigned rejected = otlp_rejected(result->answer, why, sizeof(why));

	ret->is_connected = true;
	ret->rejected = rejected < job->records ? rejected : job->records;
	ret->sent = job->records - ret->rejected;
	if (!rejected || !may_tell(w))
		return;
	printable(why, clean, sizeof(clean));
	log_warn("otlp: %s took %u of %u records%s%s", url, ret->sent, job->records,
		 clean[0] ? ": " : "", clean);
}

/* Send one job until it is known what became of it; false if whoever watches has ended. */
static bool send_job(struct work *w, const struct push_taken *taken, struct push_answer *ret)
{
	const char *url =
		w->settings->url[taken->job.kind < OTLP_KINDS ? taken->job.kind : OTLP_LOGS];
	int64_t end = now_s() + w->settings->give_up_s;

	for (unsigned attempt = 1;; attempt++) {
		struct post_result result;
		uint32_t wait;

		post_send(w->post, url, taken->body, taken->job.bytes, &result);
		switch (retry_judge(result.status)) {
		case RETRY_NOT_NEEDED:
			take_success(w, url, &result, &taken->job, ret);
			return true;
		case RETRY_USELESS:
			ret->is_connected = true;
			ret->rejected = taken->job.records;
			tell_refusal(w, url, &result, taken->job.records);
			return true;
		case RETRY_LATER:
			break;
		}
		wait = retry_wait_ms(attempt, result.retry_after_s, drand48());
		tell_wait(w, url, &result);
		if (now_s() + wait / 1000 >= end) {
			ret->given_up = taken->job.records;
			return true;
		}
		ret->retries++;
		if (!push_pause(w->socket, (int)wait))
			return false;
	}
}

int otlp_work(int socket, const void *settings)
{
	struct work w = {.settings = settings, .socket = socket};
	const struct post_settings post = {
		.type = "application/json",
		.headers = w.settings->headers,
		.token = w.settings->token,
		.ca_file = w.settings->ca_file,
		.certificate = w.settings->certificate,
		.key = w.settings->key,
		.is_insecure = w.settings->is_insecure,
		.timeout_s = w.settings->timeout_s,
	};
	struct push_taken taken;
	int taking;

	srand48(now_s() ^ getpid());
	curl_global_init(CURL_GLOBAL_DEFAULT);
	w.post = post_new(&post);
	if (!w.post)
		return 1;
	while ((taking = push_take(socket, &taken, -1)) >= 0) {
		struct push_answer answer = {0};

		if (!taking)
			continue;
		if (!send_job(&w, &taken, &answer))
			break;
		push_done(socket, &taken, &answer);
	}
	post_free(w.post);
	curl_global_cleanup();
	return 0;
}
