// SPDX-License-Identifier: BSD-2-Clause
/*
 * A server that is away for 1, 60 or 600 seconds, by a clock that jumps: what was sent, given up
 * and dropped adds up, and nothing comes twice.
 */
#include "push/otlp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "push/child.h"
#include "push/link.h"
#include "push/post.h"
#include "util/log.h"

#define GIVE_UP_S 300
#define BODIES 60
#define RECORDS 500

/* What is there while the server is away. */
struct trouble {
	unsigned status;
	unsigned retry_after_s;
	const char *answer;
};

struct server {
	int64_t now_ms, back_ms;
	struct trouble trouble;
	unsigned attempts, seen[BODIES]; /* of each body: how often it was taken */
	bool is_left;			 /* whoever watches ends in the next pause */
};

static int64_t now_ms(void *context)
{
	return ((const struct server *)context)->now_ms;
}

static bool pause_ms(void *context, uint32_t ms)
{
	struct server *s = context;

	s->now_ms += ms;
	return !s->is_left;
}

static void take(void *context, const char *url, const void *body, size_t len,
		 struct post_result *ret)
{
	struct server *s = context;

	(void)url;
	assert_int_equal(len, sizeof(unsigned));
	s->attempts++;
	*ret = (struct post_result){.answer = "{}", .status = 200};
	if (s->now_ms >= s->back_ms) {
		s->seen[*(const unsigned *)body]++;
		return;
	}
	ret->status = s->trouble.status;
	ret->retry_after_s = s->trouble.retry_after_s;
	ret->answer = s->trouble.answer;
	snprintf(ret->problem, sizeof(ret->problem), "refused");
}

static const struct otlp_settings settings = {.url = {"http://x/v1/logs", "http://x/v1/metrics"},
					      .give_up_s = GIVE_UP_S};

static struct otlp_delivery delivery_to(struct server *s)
{
	return (struct otlp_delivery){
		.settings = &settings,
		.clock = {now_ms, pause_ms, s},
		.post = take,
		.context = s,
	};
}

static struct push_answer send_one(struct server *s, bool *ret_go_on)
{
	struct otlp_delivery d = delivery_to(s);
	unsigned number = 0;
	const struct push_taken taken = {.job = {.records = RECORDS, .bytes = sizeof(number)},
					 .body = &number};
	struct push_answer answer = {0};

	*ret_go_on = otlp_deliver(&d, &taken, &answer);
	return answer;
}

static const struct trouble troubles[] = {
	{503, 0, "<html>busy"}, {0, 0, ""}, {429, 0, "\x1b[31m{"}, {502, 7, ""}, {504, 0, "\xff"},
};
#define TROUBLES (sizeof(troubles) / sizeof(troubles[0]))

static void what_is_away_for_a_minute_gets_it_once(void **state)
{
	static const int64_t away_s[] = {1, 60, 250};
	bool goes_on;

	(void)state;
	for (size_t i = 0; i < TROUBLES * 3; i++) {
		struct server s = {.back_ms = away_s[i % 3] * 1000, .trouble = troubles[i / 3]};
		struct push_answer answer = send_one(&s, &goes_on);

		assert_true(goes_on && answer.is_connected);
		assert_int_equal(answer.sent, RECORDS);
		assert_int_equal(answer.given_up + answer.rejected, 0);
		assert_int_equal(s.seen[0], 1);
		assert_int_equal(answer.retries, s.attempts - 1);
		/* The longest wait is 30 s, give or take a fifth. */
		assert_in_range(s.now_ms, s.back_ms, s.back_ms + 36000);
	}
}

static void what_is_away_for_longer_is_given_up(void **state)
{
	bool goes_on;

	(void)state;
	for (size_t i = 0; i < TROUBLES; i++) {
		struct server s = {.back_ms = 600000, .trouble = troubles[i]};
		struct push_answer answer = send_one(&s, &goes_on);

		assert_true(goes_on);
		assert_int_equal(answer.given_up, RECORDS);
		assert_int_equal(answer.sent + answer.rejected + s.seen[0], 0);
		assert_in_range(s.now_ms, (GIVE_UP_S - 37) * 1000, GIVE_UP_S * 1000);
		assert_in_range(s.attempts, 10, 60);
	}
}

static void a_server_says_when(void **state)
{
	struct server s = {.back_ms = 120000, .trouble = {503, 120, ""}};
	bool goes_on;
	struct push_answer answer = send_one(&s, &goes_on);

	(void)state;
	assert_int_equal(s.attempts, 2);
	assert_int_equal(s.now_ms, 120000);
	assert_int_equal(answer.sent, RECORDS);
	/* Five minutes are waited for, which is when it is given up. */
	s = (struct server){.back_ms = 600000, .trouble = {503, 100000, ""}};
	answer = send_one(&s, &goes_on);
	assert_int_equal(s.attempts, 1);
	assert_int_equal(answer.given_up, RECORDS);
}

static void nobody_is_left_to_send_for(void **state)
{
	struct server s = {.back_ms = 1000, .trouble = {503, 0, ""}, .is_left = true};
	bool goes_on;

	(void)state;
	send_one(&s, &goes_on);
	assert_false(goes_on);
	assert_int_equal(s.attempts, 1);
}

/* The other process, with that clock. `context` is a server in memory of both. */
static int work(int socket, const void *context)
{
	struct otlp_delivery d = delivery_to((struct server *)context);

	otlp_serve(socket, &d);
	return 0;
}

static void all_is_accounted_for(void **state)
{
	static const int64_t away_s[] = {0, 1, 60, 600, 100000};

	(void)state;
	for (size_t i = 0; i < sizeof(away_s) / sizeof(away_s[0]); i++) {
		struct server *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		const struct push_account *a;
		uint64_t taken = 0;
		struct push p;

		assert_ptr_not_equal(s, MAP_FAILED);
		s->back_ms = away_s[i] * 1000;
		s->trouble = troubles[0];
		assert_int_equal(push_start(&p, work, s, geteuid(), getegid()), 0);
		a = &p.account;
		for (unsigned k = 0; k < BODIES; k++) {
			unsigned *body = malloc(sizeof(*body));

			*body = k;
			push_send(&p,
				  &(struct push_job){.kind = OTLP_LOGS,
						     .records = RECORDS,
						     .bytes = sizeof(*body)},
				  body);
			push_run(&p);
			assert_in_range(a->waiting, 0, PUSH_RECORDS_MAX);
		}
		push_wait(&p, 0, 60000);
		assert_true(a->is_up);
		assert_int_equal(a->waiting, 0);
		push_stop(&p);
		for (unsigned k = 0; k < BODIES; k++) {
			assert_in_range(s->seen[k], 0, 1);
			taken += s->seen[k] * RECORDS;
		}
		assert_int_equal(a->sent, taken);
		assert_int_equal(a->sent + a->given_up + a->dropped + a->rejected,
				 BODIES * RECORDS);
		/* What waits longer than five minutes is given up: of ten there is one at least. */
		assert_int_equal(a->given_up > 0, away_s[i] >= 600);
		assert_int_equal(a->sent > 0, away_s[i] <= 600);
		munmap(s, sizeof(*s));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_away_for_a_minute_gets_it_once),
		cmocka_unit_test(what_is_away_for_longer_is_given_up),
		cmocka_unit_test(a_server_says_when),
		cmocka_unit_test(nobody_is_left_to_send_for),
		cmocka_unit_test(all_is_accounted_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
