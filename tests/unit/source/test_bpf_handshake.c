// SPDX-License-Identifier: BSD-2-Clause
/* What became of a handshake that only the kernel's edges tell of. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "abi/config.h"
#include "abi/event.h"
#include "abi/request.h"
#include "engine/account.h"
#include "source/bpf_handshake.h"
#include "source/bpf_listeners.h"

#define S 1000000000ull

static unsigned outcome_of(uint8_t role, int error, uint8_t state, uint8_t flags)
{
	struct event end = {
		.head = {.kind = EV_CLOSE, .state = state, .flags = flags, .error = (uint32_t)error},
		.ident.role = role,
	};

	return bpf_handshake_outcome(&end);
}

static void test_an_attempt_ends_as_its_errno_says(void **state)
{
	static const struct {
		int error;
		uint8_t flags;
		unsigned outcome;
	} cases[] = {
		{ECONNREFUSED, EV_RESET_CAME, OUTCOME_REJECTED},
		{ECONNREFUSED, 0, OUTCOME_UNREACHABLE}, /* ICMP port unreachable */
		{EHOSTUNREACH, 0, OUTCOME_UNREACHABLE},
		{ENETUNREACH, 0, OUTCOME_UNREACHABLE},
		{ETIMEDOUT, 0, OUTCOME_TIMED_OUT},
		{ECONNABORTED, 0, OUTCOME_ABORTED}, /* ss -K */
		{0, 0, OUTCOME_ABORTED},
		{0, EV_UNSENT, OUTCOME_NOT_SENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(outcome_of(ROLE_CONNECT, cases[i].error, ST_SYN_SENT,
					    cases[i].flags),
				 cases[i].outcome);
}

static void test_a_fast_open_child_is_cut_by_the_other_side(void **state)
{
	(void)state;
	assert_int_equal(outcome_of(ROLE_ACCEPT, ECONNRESET, ST_SYN_RECV, EV_RESET_CAME),
			 OUTCOME_ABORTED);
	assert_int_equal(outcome_of(ROLE_ACCEPT, 0, ST_SYN_RECV, 0), OUTCOME_REJECTED);
	assert_int_equal(outcome_of(ROLE_ACCEPT, ETIMEDOUT, ST_SYN_RECV, 0), OUTCOME_TIMED_OUT);
}

/* Five SYN/ACKs again, at 1, 3, 7, 15, 31 s; the last time-out is at 63 s. */
static const struct request waited = {
	.first_ns = 100 * S, .last_ns = 131 * S, .expires_ns = 163 * S, .timeouts = 5};
static const struct event usual = {.extra.synack_limit = 5};

static void test_a_request_is_pending_until_its_timer_must_have_run(void **state)
{
	uint64_t ns;

	(void)state;
	assert_int_equal(bpf_handshake_request_outcome(&waited, &usual, 163 * S, &ns),
			 OUTCOME_PENDING);
	assert_int_equal(bpf_handshake_request_outcome(&waited, &usual, 172 * S, &ns),
			 OUTCOME_TIMED_OUT);
	assert_int_equal(ns, 163 * S);
}

static void test_a_request_that_ends_early_is_gone(void **state)
{
	struct request early = waited;
	uint64_t ns;

	(void)state;
	early.timeouts = 2;
	assert_int_equal(bpf_handshake_request_outcome(&early, &usual, 172 * S, &ns), OUTCOME_GONE);
	assert_int_equal(ns, early.last_ns);
	assert_int_equal(bpf_handshake_request_outcome(&waited, NULL, 172 * S, &ns), OUTCOME_GONE);
}

static void test_a_reset_ends_a_request_only_if_nothing_follows(void **state)
{
	struct request reset = waited;
	uint64_t ns;

	(void)state;
	reset.reset_ns = 131 * S + 5;
	assert_int_equal(bpf_handshake_request_outcome(&reset, &usual, UINT64_MAX, &ns),
			 OUTCOME_ABORTED);
	assert_int_equal(ns, reset.reset_ns);
	/* It had a wrong number: the SYN/ACK went again after it. */
	reset.reset_ns = 120 * S;
	assert_int_equal(bpf_handshake_request_outcome(&reset, &usual, UINT64_MAX, &ns),
			 OUTCOME_TIMED_OUT);
}

static void test_an_ack_without_room_is_an_overflow_but_not_if_accept_is_deferred(void **state)
{
	struct event defers = {.extra = {.synack_limit = 5, .defer_accept = 3}};
	struct request acked = waited;
	uint64_t ns;

	(void)state;
	acked.acked = 1;
	assert_int_equal(bpf_handshake_request_outcome(&acked, &usual, UINT64_MAX, &ns),
			 OUTCOME_OVERFLOW);
	assert_int_equal(bpf_handshake_request_outcome(&acked, &defers, UINT64_MAX, &ns),
			 OUTCOME_TIMED_OUT);
	/* Silence is what was asked for. */
	acked.timeouts = 0;
	acked.last_ns = acked.first_ns;
	acked.expires_ns = 101 * S;
	assert_int_equal(bpf_handshake_request_outcome(&acked, &defers, 150 * S, &ns),
			 OUTCOME_PENDING);
}

static struct event reading(uint64_t id, uint32_t v4_be, uint8_t seen, uint32_t drops, uint32_t pid)
{
	struct event ev = {
		.head = {.id = id, .kind = EV_SAMPLE, .state = ST_LISTEN},
		.ident = {.lport = 80, .netns = 1, .family = 4, .seen = seen, .pid = pid},
		.extra.drops = drops,
	};

	addr_set_v4(&ev.ident.laddr, v4_be);
	return ev;
}

static void test_drops_count_from_the_beginning_of_the_listener_or_of_us(void **state)
{
	struct bpf_listeners l = {0};
	struct event old = reading(1, 0, SEEN_ADOPTED, 7, 1), new = reading(2, 1, SEEN_OPEN, 3, 2);

	(void)state;
	bpf_listeners_note(&l, &old);
	bpf_listeners_note(&l, &new);
	assert_int_equal(l.listener[0].refused, 0);
	assert_int_equal(l.listener[1].refused, 3);
	old.extra.drops = 9;
	bpf_listeners_note(&l, &old);
	assert_int_equal(l.listener[0].refused, 2);
	/* Only what was met remains. */
	bpf_listeners_end_look(&l);
	bpf_listeners_note(&l, &new);
	bpf_listeners_end_look(&l);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.listener[0].last->head.id, 2);
	bpf_listeners_done(&l);
}

static void test_discards_are_taken_off_the_listener_that_they_were_for(void **state)
{
	struct event any = reading(1, 0, SEEN_OPEN, 4, 1), bound = reading(2, 5, SEEN_OPEN, 4, 2);
	struct discard_key key = {.netns = 1, .lport = 80};
	struct bpf_listeners l = {0};

	(void)state;
	bpf_listeners_note(&l, &any);
	bpf_listeners_note(&l, &bound);
	addr_set_v4(&key.laddr, 5);
	bpf_listeners_discard(&l, &key, 3);
	addr_set_v4(&key.laddr, 6);
	bpf_listeners_discard(&l, &key, 1);
	assert_int_equal(l.listener[0].refused, 3);
	assert_int_equal(l.listener[1].refused, 1);
	bpf_listeners_done(&l);
}

static void test_the_owner_of_a_shared_port_is_not_guessed(void **state)
{
	struct event one = reading(1, 0, SEEN_OPEN, 0, 1), two = reading(2, 0, SEEN_OPEN, 0, 2);
	struct request_key key = {.netns = 1, .lport = 80};
	struct request known = {.listener = 1}, unknown = {.listener = 0};
	struct bpf_listeners l = {0};
	bool sure;

	(void)state;
	addr_set_v4(&key.laddr, 5);
	bpf_listeners_note(&l, &one);
	assert_non_null(bpf_listeners_find(&l, &key, &unknown, &sure));
	assert_true(sure);
	bpf_listeners_note(&l, &two);
	assert_non_null(bpf_listeners_find(&l, &key, &unknown, &sure));
	assert_false(sure);
	assert_int_equal(bpf_listeners_find(&l, &key, &known, &sure)->head.id, 1);
	assert_true(sure);
	key.netns = 2;
	assert_null(bpf_listeners_find(&l, &key, &unknown, &sure));
	bpf_listeners_done(&l);
}

static void test_a_handshake_that_is_neither_told_nor_there_is_lost(void **state)
{
	const struct bpf_account a = {.handshakes_opened = 10,
				      .handshakes_adopted = 2,
				      .handshakes_closed = 6,
				      .handshakes_lost = 1};
	static const struct {
		uint64_t undecided, live, lost;
	} cases[] = {
		{5, 5, 1},
		{4, 4, 2},
		{0, 0, 6},
		{6, 5, 1},
		{UINT64_MAX, 5, 1}, /* the run goes on */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct account told;

		bpf_handshake_counted(&a, cases[i].undecided, &told);
		assert_int_equal(told.opened + told.adopted, 12);
		assert_int_equal(told.closed, 6);
		assert_int_equal(told.live, cases[i].live);
		assert_int_equal(told.lost, cases[i].lost);
		assert_int_equal(told.lost_ring, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_attempt_ends_as_its_errno_says),
		cmocka_unit_test(test_a_fast_open_child_is_cut_by_the_other_side),
		cmocka_unit_test(test_a_request_is_pending_until_its_timer_must_have_run),
		cmocka_unit_test(test_a_request_that_ends_early_is_gone),
		cmocka_unit_test(test_a_reset_ends_a_request_only_if_nothing_follows),
		cmocka_unit_test(test_an_ack_without_room_is_an_overflow_but_not_if_accept_is_deferred),
		cmocka_unit_test(test_drops_count_from_the_beginning_of_the_listener_or_of_us),
		cmocka_unit_test(test_discards_are_taken_off_the_listener_that_they_were_for),
		cmocka_unit_test(test_the_owner_of_a_shared_port_is_not_guessed),
		cmocka_unit_test(test_a_handshake_that_is_neither_told_nor_there_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
