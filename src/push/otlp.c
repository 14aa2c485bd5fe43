// SPDX-License-Identifier: BSD-2-Clause
#include "push/otlp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "confine/sender.h"
#include "push/child.h"
#include "push/otlp_answer.h"
#include "push/post.h"
#include "push/retry.h"
#include "util/curl.h"
#include "util/log.h"

#define ANSWER_SHOWN 200

/* A server's words for a terminal. */
static void printable(const char *text, char *ret, size_t size)
{
	size_t i;

	for (i = 0; text[i] && i + 1 < size; i++)
		ret[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	ret[i] = '\0';
}

static void tell_refusal(struct otlp_delivery *d, const char *url, const struct post_result *result,
			 unsigned records)
{
	char answer[ANSWER_SHOWN + 1];

	if (!seldom_may_tell(&d->trouble, &d->clock))
		return;
	printable(result->answer, answer, sizeof(answer));
	log_warn("otlp: %s answers %u, and %u records are dropped%s%s", url, result->status,
		 records, answer[0] ? ": " : "", answer);
}

static void tell_wait(struct otlp_delivery *d, const char *url, const struct post_result *result)
{
	char problem[POST_PROBLEM_MAX];

	if (!seldom_may_tell(&d->trouble, &d->clock))
		return;
	printable(result->problem, problem, sizeof(problem));
	if (result->status)
		log_warn("otlp: %s answers %u; trying again", url, result->status);
	else
		log_warn("otlp: no answer from %s: %s; trying again", url, problem);
}

static void take_success(struct otlp_delivery *d, const char *url, const struct post_result *result,
			 const struct push_job *job, struct push_answer *ret)
{
	char why[ANSWER_SHOWN + 1], clean[ANSWER_SHOWN + 1];
	unsigned rejected = otlp_rejected(result->answer, why, sizeof(why));

	ret->is_connected = true;
	ret->rejected = rejected < job->records ? rejected : job->records;
	ret->sent = job->records - ret->rejected;
	if (!rejected || !seldom_may_tell(&d->trouble, &d->clock))
		return;
	printable(why, clean, sizeof(clean));
	log_warn("otlp: %s took %u of %u records%s%s", url, ret->sent, job->records,
		 clean[0] ? ": " : "", clean);
}

bool otlp_deliver(struct otlp_delivery *d, const struct push_taken *taken, struct push_answer *ret)
{
	const struct push_job *job = &taken->job;
	const char *url = d->settings->url[job->kind < OTLP_KINDS ? job->kind : OTLP_LOGS];
	enum retries_next next = RETRIES_AGAIN;
	struct retries retries;

	retries_begin(&retries, &d->clock, d->settings->give_up_s);
	while (next == RETRIES_AGAIN) {
		struct post_result result;

		d->post(d->context, url, taken->body, job->bytes, &result);
		switch (retry_judge(result.status)) {
		case RETRY_NOT_NEEDED:
			take_success(d, url, &result, job, ret);
			return true;
		case RETRY_USELESS:
			ret->is_connected = true;
			ret->rejected = job->records;
			tell_refusal(d, url, &result, job->records);
			return true;
		case RETRY_LATER:
			break;
		}
		tell_wait(d, url, &result);
		next = retries_failed(&retries, result.retry_after_s);
		ret->retries = retries.count;
	}
	ret->given_up = job->records;
	return next == RETRIES_GIVE_UP;
}

static bool deliver(void *context, const struct push_taken *taken, struct push_answer *ret)
{
	return otlp_deliver(context, taken, ret);
}

void otlp_serve(int socket, struct otlp_delivery *d)
{
	const struct push_worker worker = {.send = deliver, .look_ms = -1, .context = d};

	push_serve(socket, &worker);
}

static void post_to(void *context, const char *url, const void *body, size_t len,
		    struct post_result *ret)
{
	post_send(context, url, body, len, ret);
}

bool otlp_can_send(void)
{
	if (curl_load())
		return true;
	log_error("otlp: nothing can be sent: " CURL_MISSING);
	return false;
}

int otlp_work(int socket, const void *settings)
{
	struct otlp_delivery d = {
		.settings = settings, .clock = push_clock(&socket), .post = post_to};
	const struct post_settings post = {
		.type = "application/json",
		.headers = d.settings->headers,
		.token = d.settings->token,
		.tls = d.settings->tls,
		.is_insecure = d.settings->is_insecure,
		.timeout_s = d.settings->timeout_s,
	};

	srand48(time(NULL) ^ getpid());
	/* Here, and nowhere else in a run that sends: who watches has no use for it. */
	if (!otlp_can_send())
		return 1;
	d.context = post_new(&post);
	if (!d.context)
		return 1;
	confine_sender(d.settings->port);
	otlp_serve(socket, &d);
	post_free(d.context);
	return 0;
}
