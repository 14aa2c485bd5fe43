// SPDX-License-Identifier: BSD-2-Clause
/* The ladder and the programs agree, and what is refused is told in words. */
#include "probe/ladder.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "probe/reason.h"
#include "probe/wish.h"
#include "tcp.skel.h"

static const struct hook *find_hook(const char *program)
{
	for (size_t n = 0; n < ladder_count; n++)
		for (size_t r = 0; need_has(&ladder[n], r); r++)
			for (size_t h = 0; h < HOOKS_MAX; h++) {
				const struct hook *hook = &ladder[n].rung[r].hook[h];

				if (hook->program && !strcmp(hook->program, program))
					return hook;
			}
	return NULL;
}

static void test_every_program_stands_on_the_ladder_under_its_own_hook(void **state)
{
	struct tcp *skeleton = tcp__open();
	struct bpf_program *p;

	(void)state;
	assert_non_null(skeleton);
	bpf_object__for_each_program(p, skeleton->obj)
	{
		const struct hook *hook = find_hook(bpf_program__name(p));

		assert_non_null(hook);
		assert_string_equal(hook->where, bpf_program__section_name(p));
	}
	tcp__destroy(skeleton);
}

static void test_every_program_of_the_ladder_is_there(void **state)
{
	struct tcp *skeleton = tcp__open();

	(void)state;
	for (size_t n = 0; n < ladder_count; n++)
		for (size_t r = 0; need_has(&ladder[n], r); r++)
			for (size_t h = 0; h < HOOKS_MAX; h++) {
				const char *program = ladder[n].rung[r].hook[h].program;

				if (program)
					assert_non_null(bpf_object__find_program_by_name(
						skeleton->obj, program));
			}
	tcp__destroy(skeleton);
}

static void test_other_arguments_are_told_in_words(void **state)
{
	const struct rung *rung = wish_of("resets=tracepoint", ladder_need("resets", 6));
	struct refusal refusal = {.err = -EPROTOTYPE, .detail = "struct sk_buff *, struct sock *"};
	struct reason reason;

	(void)state;
	reason_find(rung, &refusal, &reason);
	assert_string_equal(
		reason.why,
		"this kernel's tp_btf/tcp_send_reset has other arguments: "
		"(struct sk_buff *, struct sock *), not (struct sock *, struct sk_buff *)");
	assert_true(reason.advice[0]);
}

static void test_the_hook_that_differs_is_named(void **state)
{
	const struct rung *rung = wish_of("messages=fexit", ladder_need("messages", 8));
	struct refusal refusal = {
		.err = -EPROTOTYPE, .hook = &rung->hook[1], .detail = "struct sock *"};
	struct reason reason;

	(void)state;
	reason_find(rung, &refusal, &reason);
	assert_non_null(
		strstr(reason.why, "fexit/tcp_recvmsg has other arguments: (struct sock *)"));
}

static void test_the_verifiers_words_are_passed_on(void **state)
{
	const struct rung *rung = wish_of("edges=tracepoint", ladder_need("edges", 5));
	struct refusal refusal = {
		.err = -EACCES, .by_verifier = true, .detail = "R1 invalid mem access 'scalar'"};
	struct reason reason;

	(void)state;
	reason_find(rung, &refusal, &reason);
	assert_non_null(strstr(reason.why, refusal.detail));
	assert_null(strstr(reason.why, "privilege"));
}

static void test_what_does_not_go_together_is_a_way_of_a_need_before(void **state)
{
	struct refusal refusal = {.err = -EBUSY};
	struct reason reason;

	(void)state;
	for (size_t n = 0; n < ladder_count; n++)
		for (size_t r = 0; need_has(&ladder[n], r); r++) {
			const char *other = ladder[n].rung[r].not_with;
			const struct need *need =
				other ? ladder_need(other, strcspn(other, "=")) : NULL;

			if (!other)
				continue;
			assert_true(need && need < &ladder[n] && wish_of(other, need));
			reason_find(&ladder[n].rung[r], &refusal, &reason);
			assert_non_null(strstr(reason.why, other));
		}
}

/* A source that is left without one of its needs stands on the last of the ways to it, at the worst. */
static void test_the_last_way_of_bpf_to_what_it_cannot_do_without_is_vital(void **state)
{
	(void)state;
	for (size_t n = 0; n < ladder_count; n++) {
		const struct rung *last = NULL;
		bool is_vital = false;

		for (size_t r = 0; need_has(&ladder[n], r); r++) {
			const struct rung *rung = &ladder[n].rung[r];

			if (!rung->source || strcmp(rung->source, "bpf"))
				continue;
			last = rung;
			is_vital |= ladder_is_vital(rung, "bpf");
		}
		assert_true(!is_vital || last->vital);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_program_stands_on_the_ladder_under_its_own_hook),
		cmocka_unit_test(test_every_program_of_the_ladder_is_there),
		cmocka_unit_test(test_other_arguments_are_told_in_words),
		cmocka_unit_test(test_the_hook_that_differs_is_named),
		cmocka_unit_test(test_the_verifiers_words_are_passed_on),
		cmocka_unit_test(test_what_does_not_go_together_is_a_way_of_a_need_before),
		cmocka_unit_test(test_the_last_way_of_bpf_to_what_it_cannot_do_without_is_vital),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
