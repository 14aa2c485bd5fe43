// SPDX-License-Identifier: BSD-2-Clause
/* What an ICMP error does to a handshake is a matter of time: does the client go on? */
#include "reports.h"

#define T0 (1000 * SECOND)

static void an_icmp_error_counts_when_no_syn_follows(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + MS, ICMP_TO_C(3, 13, 1000));
	handshake_table_tick(r.table, T0 + 1200 * MS);
	assert_int_equal(r.count, 0);
	handshake_table_tick(r.table, T0 + 1300 * MS);
	assert_int_equal(r.count, 1);
	assert_outcome(&r, 0, HANDSHAKE_UNREACHABLE);
	assert_int_equal(r.h[0].icmp_code, 13);
	assert_int_equal(r.h[0].end_ns, T0 + MS);
	assert_int_equal(r.h[0].icmp_from.byte[15], 254);
	reports_end(&r);
}

static void a_soft_icmp_error_counts_when_no_syn_follows_for_longer(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + MS, ICMP_TO_C(3, 1, 1000));
	handshake_table_tick(r.table, T0 + 3200 * MS);
	assert_int_equal(r.count, 0);
	handshake_table_tick(r.table, T0 + 3300 * MS);
	assert_outcome(&r, 0, HANDSHAKE_UNREACHABLE);
	reports_end(&r);
}

static void an_icmp_error_waits_as_long_as_the_next_syn_takes(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + 4 * SECOND, C(SYN, 1000)); /* the next one is due 8 s later */
	AT(&r, T0 + 4 * SECOND + MS, ICMP_TO_C(3, 1, 1000));
	handshake_table_tick(r.table, T0 + 12 * SECOND);
	assert_int_equal(r.count, 0);
	AT(&r, T0 + 12 * SECOND, C(SYN, 1000));
	AT(&r, T0 + 12 * SECOND + MS, S(SYN | ACK, 5000, 1001));
	AT(&r, T0 + 12 * SECOND + 2 * MS, C(ACK, 1001, 5001));
	assert_int_equal(r.count, 1);
	assert_outcome(&r, 0, HANDSHAKE_ESTABLISHED);
	reports_end(&r);
}

/* Linux drops the first error, since connect() holds the socket: one connect(), two errors. */
static void two_icmp_errors_for_one_attempt_are_one_report(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + 1, ICMP_TO_C(3, 10, 1000));
	AT(&r, T0 + 1 * SECOND, C(SYN, 1000));
	AT(&r, T0 + 1 * SECOND + 1, ICMP_TO_C(3, 10, 1000));
	handshake_table_tick(r.table, T0 + 20 * SECOND);
	assert_int_equal(r.count, 1);
	assert_outcome(&r, 0, HANDSHAKE_UNREACHABLE);
	assert_int_equal(r.h[0].dup_syn, 1);
	reports_end(&r);
}

static void an_icmp_error_is_the_reason_even_if_the_client_went_on(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + MS, ICMP_TO_C(3, 1, 1000));
	AT(&r, T0 + 1 * SECOND, C(SYN, 1000));
	handshake_table_tick(r.table, T0 + 32 * SECOND);
	assert_outcome(&r, 0, HANDSHAKE_UNREACHABLE);
	assert_int_equal(r.h[0].end_ns, T0 + 31 * SECOND);
	reports_end(&r);
}

static void too_big_a_packet_is_no_reason(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + MS, ICMP_TO_C(3, 4, 1000));
	handshake_table_tick(r.table, T0 + 31 * SECOND);
	assert_outcome(&r, 0, HANDSHAKE_TIMED_OUT);
	reports_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_icmp_error_counts_when_no_syn_follows),
		cmocka_unit_test(a_soft_icmp_error_counts_when_no_syn_follows_for_longer),
		cmocka_unit_test(an_icmp_error_waits_as_long_as_the_next_syn_takes),
		cmocka_unit_test(two_icmp_errors_for_one_attempt_are_one_report),
		cmocka_unit_test(an_icmp_error_is_the_reason_even_if_the_client_went_on),
		cmocka_unit_test(too_big_a_packet_is_no_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
