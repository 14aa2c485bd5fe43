// SPDX-License-Identifier: BSD-2-Clause
/* Scenes of several packets, and of time. */
#include "reports.h"

#define T0 (1000 * SECOND)

static void a_handshake_is_reported_once_with_its_times(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + 2 * MS, S(SYN | ACK, 5000, 1001));
	assert_int_equal(handshake_table_pending(r.table), 1);
	AT(&r, T0 + 3 * MS, C(ACK, 1001, 5001));
	AT(&r, T0 + 4 * MS, C(ACK, 1001, 5001, 100));
	AT(&r, T0 + 5 * MS, S(ACK, 5001, 1101, 500));
	assert_int_equal(r.count, 1);
	assert_outcome(&r, 0, HANDSHAKE_ESTABLISHED);
	assert_int_equal(r.h[0].first_ns, T0);
	assert_int_equal(r.h[0].reply_ns, T0 + 2 * MS);
	assert_int_equal(r.h[0].ack_ns, T0 + 3 * MS);
	assert_int_equal(r.h[0].end_ns, T0 + 3 * MS);
	assert_int_equal(r.h[0].client.port, 40000);
	assert_int_equal(r.h[0].server.port, 80);
	assert_int_equal(handshake_table_pending(r.table), 0);
	handshake_table_flush(r.table, T0 + 6 * MS);
	assert_int_equal(r.count, 1);
	reports_end(&r);
}

static void retransmissions_are_counted_before_success(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN | TCP_ECE | TCP_CWR, 1000));
	AT(&r, T0 + 1 * SECOND, C(SYN, 1000)); /* without ECN, as RFC 3168 6.1.1.1 falls back */
	AT(&r, T0 + 3 * SECOND, C(SYN, 1000));
	AT(&r, T0 + 3 * SECOND + MS, S(SYN | ACK, 5000, 1001));
	AT(&r, T0 + 4 * SECOND + MS, S(SYN | ACK, 5000, 1001));
	AT(&r, T0 + 4 * SECOND + 2 * MS, C(ACK, 1001, 5001));
	AT(&r, T0 + 6 * SECOND, S(SYN | ACK, 5000, 1001)); /* the ACK was lost further on */
	assert_int_equal(r.count, 1);
	assert_int_equal(r.h[0].first_ns, T0);
	assert_int_equal(r.h[0].dup_syn, 2);
	assert_int_equal(r.h[0].dup_syn_ack, 1);
	assert_true(r.h[0].marks & HANDSHAKE_ECN_REQUESTED);
	assert_int_equal(handshake_table_counts(r.table)->late, 1);
	reports_end(&r);
}

static void silence_times_out_when_it_has_lasted_long_enough(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + 3 * SECOND, C(SYN, 1000));
	AT(&r, T0 + 9 * SECOND, C(SYN, 1000));
	handshake_table_tick(r.table, T0 + 39 * SECOND - 1);
	assert_int_equal(r.count, 0);
	handshake_table_tick(r.table, T0 + 45 * SECOND);
	assert_int_equal(r.count, 1);
	assert_outcome(&r, 0, HANDSHAKE_TIMED_OUT);
	assert_int_equal(r.h[0].end_ns, T0 + 39 * SECOND); /* not when it was noticed */
	assert_int_equal(r.h[0].dup_syn, 2);
	assert_string_equal(handshake_conn_state(&r.h[0]), "S0");
	reports_end(&r);
}

static void an_unanswered_syn_ack_times_out(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + MS, S(SYN | ACK, 5000, 1001));
	handshake_table_tick(r.table, T0 + 31 * SECOND);
	assert_outcome(&r, 0, HANDSHAKE_TIMED_OUT);
	assert_string_equal(handshake_conn_state(&r.h[0]), "S1");
	reports_end(&r);
}

static void what_is_pending_at_the_end_is_reported_as_pending(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + 1 * SECOND, C(SYN, 1000));
	handshake_table_flush(r.table, T0 + 2 * SECOND);
	assert_int_equal(r.count, 1);
	assert_outcome(&r, 0, HANDSHAKE_PENDING);
	assert_int_equal(r.h[0].end_ns, T0 + 1 * SECOND);
	reports_end(&r);
}

static void what_has_timed_out_by_the_end_is_reported_as_that(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	handshake_table_flush(r.table, T0 + 31 * SECOND);
	assert_outcome(&r, 0, HANDSHAKE_TIMED_OUT);
	reports_end(&r);
}

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

static void a_capture_out_of_order_gives_the_same_report(void **state)
{
	static const struct segment scene[] = {C(SYN, 1000), S(SYN | ACK, 5000, 1001),
					       C(ACK, 1001, 5001)};
	static const uint8_t order[][3] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {1, 2, 0}};
	struct reports r;

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		reports_begin(&r, 16);
		for (int j = 0; j < 3; j++)
			feed_at(&r, T0 + order[i][j] * MS, scene[order[i][j]]);
		handshake_table_tick(r.table, T0 + 40 * SECOND);
		assert_int_equal(r.count, 1);
		assert_outcome(&r, 0, HANDSHAKE_ESTABLISHED);
		assert_int_equal(r.h[0].end_ns, T0 + 2 * MS);
		assert_int_equal(r.h[0].dup_syn + r.h[0].dup_syn_ack, 0);
		if (i < 3)
			assert_int_equal(r.h[0].first_ns, T0);
		reports_end(&r);
	}
}

static void the_clients_half_alone_is_established_after_a_short_wait(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + 20 * MS, C(ACK, 1001, 5001));
	for (unsigned int i = 1; i <= 50; i++) /* data goes on and on */
		AT(&r, T0 + (20 + i) * MS, C(ACK, 1001 + 100 * i, 5001, 100));
	assert_int_equal(r.count, 0);
	for (unsigned int i = 51; i <= 200; i++)
		AT(&r, T0 + (20 + i) * MS, C(ACK, 1001 + 100 * i, 5001, 100));
	assert_int_equal(r.count, 1);
	assert_outcome(&r, 0, HANDSHAKE_ESTABLISHED);
	assert_int_equal(r.h[0].end_ns, T0 + 20 * MS);
	assert_false(r.h[0].marks & HANDSHAKE_SAW_REPLY);
	reports_end(&r);
}

static void data_of_one_client_does_not_delay_the_report_of_another(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	for (unsigned int ms = 0; ms <= 120; ms += 10) {
		struct packet busy = packet_of((struct segment)C(ms ? ACK : SYN, 1000 + ms, 7001),
					       T0 + ms * MS);

		busy.src_port++;
		handshake_table_feed(r.table, &busy);
		if (ms == 50)
			AT(&r, T0 + ms * MS, C(SYN, 1000));
		if (ms == 60)
			AT(&r, T0 + ms * MS, C(ACK, 1001, 5001));
	}
	assert_int_equal(r.count, 1);
	assert_int_equal(r.h[0].client.port, 40001);
	reports_end(&r);
}

static void the_servers_half_alone_is_established_by_its_data(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, S(SYN | ACK, 5000, 1001));
	AT(&r, T0 + 20 * MS, S(ACK, 5001, 1101, 300));
	assert_outcome(&r, 0, HANDSHAKE_ESTABLISHED);
	assert_false(r.h[0].marks & HANDSHAKE_SAW_SYN);
	reports_end(&r);
}

static void traffic_from_before_the_capture_is_no_handshake(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(ACK, 1001, 5001, 100));
	AT(&r, T0 + MS, S(ACK, 5001, 1101, 100));
	AT(&r, T0 + 2 * MS, C(FIN | ACK, 1101, 5101));
	AT(&r, T0 + 3 * MS, S(RST, 5101));
	AT(&r, T0 + 4 * MS, ICMP_TO_C(3, 1, 1101));
	handshake_table_flush(r.table, T0 + SECOND);
	assert_int_equal(r.count, 0);
	assert_int_equal(handshake_table_counts(r.table)->stray, 5);
	reports_end(&r);
}

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

static void a_connection_to_itself_is_one_handshake(void **state)
{
	struct segment scene[] = {C(SYN, 1000), C(SYN | ACK, 1000, 1001), C(ACK, 1001, 1001, 5)};
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	for (unsigned int i = 0; i < 3; i++) {
		struct packet p = packet_of(scene[i], T0 + i * MS);

		p.dst = p.src;
		p.dst_port = p.src_port;
		handshake_table_feed(r.table, &p);
	}
	handshake_table_flush(r.table, T0 + SECOND);
	assert_int_equal(r.count, 1);
	assert_outcome(&r, 0, HANDSHAKE_ESTABLISHED);
	assert_true(r.h[0].marks & HANDSHAKE_SIMULTANEOUS);
	reports_end(&r);
}

static void another_capture_in_the_same_file_begins_again(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0 + 5000 * SECOND, C(SYN, 1000));
	AT(&r, T0, C(SYN, 2000));
	assert_int_equal(r.count, 1);
	assert_outcome(&r, 0, HANDSHAKE_PENDING);
	handshake_table_tick(r.table, T0 + 31 * SECOND);
	assert_int_equal(r.count, 2);
	assert_outcome(&r, 1, HANDSHAKE_TIMED_OUT);
	assert_int_equal(r.h[1].client_isn, 2000);
	reports_end(&r);
}

static void a_table_without_room_is_not_made(void **state)
{
	struct handshake_table_config config = {.limit = 0, .report = keep_report};

	(void)state;
	assert_null(handshake_table_new(&config));
	config.limit = (1u << 30) + 1;
	assert_null(handshake_table_new(&config));
	handshake_table_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_is_reported_once_with_its_times),
		cmocka_unit_test(retransmissions_are_counted_before_success),
		cmocka_unit_test(silence_times_out_when_it_has_lasted_long_enough),
		cmocka_unit_test(an_unanswered_syn_ack_times_out),
		cmocka_unit_test(what_is_pending_at_the_end_is_reported_as_pending),
		cmocka_unit_test(what_has_timed_out_by_the_end_is_reported_as_that),
		cmocka_unit_test(an_icmp_error_counts_when_no_syn_follows),
		cmocka_unit_test(a_soft_icmp_error_counts_when_no_syn_follows_for_longer),
		cmocka_unit_test(an_icmp_error_waits_as_long_as_the_next_syn_takes),
		cmocka_unit_test(two_icmp_errors_for_one_attempt_are_one_report),
		cmocka_unit_test(an_icmp_error_is_the_reason_even_if_the_client_went_on),
		cmocka_unit_test(too_big_a_packet_is_no_reason),
		cmocka_unit_test(a_capture_out_of_order_gives_the_same_report),
		cmocka_unit_test(the_clients_half_alone_is_established_after_a_short_wait),
		cmocka_unit_test(data_of_one_client_does_not_delay_the_report_of_another),
		cmocka_unit_test(the_servers_half_alone_is_established_by_its_data),
		cmocka_unit_test(traffic_from_before_the_capture_is_no_handshake),
		cmocka_unit_test(a_port_used_again_is_another_handshake),
		cmocka_unit_test(a_challenge_sorts_out_two_attempts_on_one_tuple),
		cmocka_unit_test(a_forged_syn_does_not_disturb_the_real_one),
		cmocka_unit_test(attempts_on_one_tuple_are_limited),
		cmocka_unit_test(a_client_that_tries_again_after_a_reject_is_marked),
		cmocka_unit_test(a_connection_to_itself_is_one_handshake),
		cmocka_unit_test(another_capture_in_the_same_file_begins_again),
		cmocka_unit_test(a_table_without_room_is_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
