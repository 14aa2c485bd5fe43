// SPDX-License-Identifier: BSD-2-Clause
/* Several handshakes on one tuple: a handshake is a tuple together with the client's ISN. */
#include "reports.h"

#define T0 (1000 * SECOND)

static void a_port_used_again_is_another_handshake(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + MS, S(SYN | ACK, 5000, 1001));
	AT(&r, T0 + 2 * MS, C(ACK, 1001, 5001));
	AT(&r, T0 + 1 * SECOND, C(SYN, 800000)); /* in the server's TIME-WAIT */
	AT(&r, T0 + 1 * SECOND + MS, S(SYN | ACK, 900000, 800001));
	AT(&r, T0 + 1 * SECOND + 2 * MS, C(ACK, 800001, 900001));
	assert_int_equal(r.count, 2);
	assert_outcome(&r, 1, HANDSHAKE_ESTABLISHED);
	assert_int_equal(r.h[1].first_ns, T0 + 1 * SECOND);
	assert_int_equal(r.h[1].dup_syn, 0);
	reports_end(&r);
}

/* The client gave up and used the port again; the server still half-open with the first attempt. */
static void a_challenge_sorts_out_two_attempts_on_one_tuple(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + MS, S(SYN | ACK, 5000, 1001));
	AT(&r, T0 + 1 * SECOND, C(SYN, 700000));
	AT(&r, T0 + 1 * SECOND + MS, S(ACK, 5001, 1001));
	AT(&r, T0 + 1 * SECOND + 2 * MS, C(RST, 1001));
	assert_int_equal(r.count, 1);
	assert_outcome(&r, 0, HANDSHAKE_ABORTED);
	assert_int_equal(r.h[0].client_isn, 1000);
	AT(&r, T0 + 2 * SECOND, C(SYN, 700000));
	AT(&r, T0 + 2 * SECOND + MS, S(SYN | ACK, 9000, 700001));
	AT(&r, T0 + 2 * SECOND + 2 * MS, C(ACK, 700001, 9001));
	assert_int_equal(r.count, 2);
	assert_outcome(&r, 1, HANDSHAKE_ESTABLISHED);
	assert_int_equal(r.h[1].dup_syn, 1);
	assert_int_equal(r.h[1].challenge_acks, 1);
	reports_end(&r);
}

static void a_forged_syn_does_not_disturb_the_real_one(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + MS, C(SYN, 77777));
	AT(&r, T0 + 2 * MS, S(SYN | ACK, 5000, 1001));
	AT(&r, T0 + 3 * MS, S(RST | ACK, 0, 4444)); /* forged as well */
	AT(&r, T0 + 4 * MS, C(RST, 1500));
	AT(&r, T0 + 5 * MS, C(ACK, 1001, 5001));
	assert_int_equal(r.count, 1);
	assert_outcome(&r, 0, HANDSHAKE_ESTABLISHED);
	assert_int_equal(handshake_table_counts(r.table)->ignored, 2);
	handshake_table_flush(r.table, T0 + SECOND);
	assert_outcome(&r, 1, HANDSHAKE_PENDING);
	assert_int_equal(r.h[0].ignored + r.h[1].ignored, 2);
	reports_end(&r);
}

static void attempts_on_one_tuple_are_limited(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 64);
	for (unsigned int i = 0; i < 10; i++)
		AT(&r, T0 + i * MS, C(SYN, 1000 + 100000 * i));
	assert_int_equal(r.count, 6);
	assert_int_equal(r.outcomes[HANDSHAKE_SUPERSEDED], 6);
	assert_int_equal(r.h[0].client_isn, 1000);
	assert_int_equal(handshake_table_pending(r.table), 4);
	reports_end(&r);
}

static void a_client_that_tries_again_after_a_reject_is_marked(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + MS, S(RST | ACK, 0, 1001));
	AT(&r, T0 + 500 * MS, C(SYN, 1000));
	AT(&r, T0 + 501 * MS, S(SYN | ACK, 5000, 1001));
	AT(&r, T0 + 502 * MS, C(ACK, 1001, 5001));
	assert_int_equal(r.count, 2);
	assert_outcome(&r, 0, HANDSHAKE_REJECTED);
	assert_false(r.h[0].marks & HANDSHAKE_RETRY);
	assert_outcome(&r, 1, HANDSHAKE_ESTABLISHED);
	assert_true(r.h[1].marks & HANDSHAKE_RETRY);
	AT(&r, T0 + 600 * MS, C(SYN, 300000));
	AT(&r, T0 + 601 * MS, S(RST | ACK, 0, 300001));
	AT(&r, T0 + 700 * MS, C(SYN, 400000));
	AT(&r, T0 + 701 * MS, S(RST | ACK, 0, 400001));
	assert_int_equal(r.count, 4);
	assert_false(r.h[3].marks & HANDSHAKE_RETRY); /* a new ISN is a new attempt */
	reports_end(&r);
}

/* After 30 s each has timed out; Linux doubles the distance of its SYNs up to 120 s. */
static void a_client_that_goes_on_after_a_time_out_is_marked_while_it_may(void **state)
{
	static const unsigned at_sec[] = {0, 32, 96, 216, 216 + 30 + 120 + 1};
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	for (size_t i = 0; i < sizeof(at_sec) / sizeof(at_sec[0]); i++)
		AT(&r, T0 + at_sec[i] * SECOND, C(SYN, 1000));
	handshake_table_flush(r.table, T0 + 600 * SECOND);
	assert_int_equal(r.count, 5);
	for (int i = 0; i < 5; i++) {
		assert_outcome(&r, i, HANDSHAKE_TIMED_OUT);
		assert_int_equal((r.h[i].marks & HANDSHAKE_RETRY) != 0, i > 0 && i < 4);
		assert_int_equal(r.h[i].dup_syn, 0);
	}
	reports_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_used_again_is_another_handshake),
		cmocka_unit_test(a_challenge_sorts_out_two_attempts_on_one_tuple),
		cmocka_unit_test(a_forged_syn_does_not_disturb_the_real_one),
		cmocka_unit_test(attempts_on_one_tuple_are_limited),
		cmocka_unit_test(a_client_that_tries_again_after_a_reject_is_marked),
		cmocka_unit_test(a_client_that_goes_on_after_a_time_out_is_marked_while_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
