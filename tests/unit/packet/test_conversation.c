// SPDX-License-Identifier: BSD-2-Clause
/* What one connection amounts to: bytes, retransmissions, states, end. */
#include "talks.h"

static void a_whole_connection_is_counted_to_the_byte(void **state)
{
	const struct talk *end;
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 100), S(ACK, 5001, 1101, 1400),
	    S(ACK, 6401, 1101, 600), C(ACK, 1101, 7001), C(FIN | ACK, 1101, 7001),
	    S(ACK, 7001, 1102), S(FIN | ACK, 7001, 1102));
	assert_int_equal(t.close_count, 0);
	SAY(&t, C(ACK, 1102, 7002));
	end = only_closed(&t);
	assert_bytes(end, 100, 2000);
	assert_int_equal(conversation_acked_bytes(&end->c, SIDE_CLIENT), 100);
	assert_int_equal(conversation_acked_bytes(&end->c, SIDE_SERVER), 2000);
	assert_end(end, CONVERSATION_FIN, "SF");
	assert_int_equal(end->c.first_ns, 1000 * SECOND + MS);
	assert_int_equal(end->c.established_ns, 1000 * SECOND + 3 * MS);
	assert_int_equal(end->c.closed_ns, t.now_ns);
	assert_int_equal(conversation_handshake_ns(&end->c, &end->h), 2 * MS);
	assert_int_equal(conversation_end_at(&end->c, SIDE_CLIENT), END_FIN);
	assert_false(end->c.is_adopted);
	assert_int_equal(t.opened[0].c.id, end->c.id);
	talks_end(&t);
}

static void states_are_those_of_a_normal_close(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, C(SYN, 1000));
	assert_states(&t, ST_SYN_SENT, ST_SYN_RECV);
	SAY(&t, S(SYN | ACK, 5000, 1001));
	assert_states(&t, ST_SYN_SENT, ST_SYN_RECV);
	SAY(&t, C(ACK, 1001, 5001));
	assert_states(&t, ST_ESTABLISHED, ST_ESTABLISHED);
	SAY(&t, C(FIN | ACK, 1001, 5001));
	assert_states(&t, ST_FIN_WAIT1, ST_CLOSE_WAIT);
	SAY(&t, S(ACK, 5001, 1002));
	assert_states(&t, ST_FIN_WAIT2, ST_CLOSE_WAIT);
	SAY(&t, S(ACK, 5001, 1002, 50), C(ACK, 1002, 5051));
	assert_states(&t, ST_FIN_WAIT2, ST_CLOSE_WAIT);
	SAY(&t, S(FIN | ACK, 5051, 1002));
	assert_states(&t, ST_TIME_WAIT, ST_LAST_ACK);
	SAY(&t, C(ACK, 1002, 5052));
	assert_bytes(only_closed(&t), 0, 50);
	talks_end(&t);
}

static void states_are_those_of_a_simultaneous_close(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(FIN | ACK, 1001, 5001), S(FIN | ACK, 5001, 1001));
	assert_states(&t, ST_CLOSING, ST_CLOSING);
	SAY(&t, C(ACK, 1002, 5002));
	assert_states(&t, ST_CLOSING, ST_TIME_WAIT);
	SAY(&t, S(ACK, 5002, 1002));
	assert_end(only_closed(&t), CONVERSATION_FIN, "SF");
	talks_end(&t);
}

static void a_half_closed_connection_lives_on(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(FIN | ACK, 1001, 5001), S(ACK, 5001, 1002));
	t.now_ns += 3600 * SECOND;
	SAY(&t, S(ACK, 5001, 1002, 1000), C(ACK, 1002, 6001));
	assert_int_equal(t.close_count, 0);
	assert_states(&t, ST_FIN_WAIT2, ST_CLOSE_WAIT);
	SAY(&t, S(FIN | ACK, 6001, 1002), C(ACK, 1002, 6002));
	assert_bytes(only_closed(&t), 0, 1000);
	talks_end(&t);
}

static void a_reset_tells_who_sent_it(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 10), S(RST, 5001));
	assert_end(only_reset(&t), CONVERSATION_RESET_BY_SERVER, "RSTR");
	assert_int_equal(t.closed[0].c.closed_ns, t.now_ns - CONVERSATION_SURE_NS);
	assert_int_equal(conversation_end_at(&t.closed[0].c, SIDE_CLIENT), END_RESET_RECEIVED);
	assert_int_equal(conversation_end_at(&t.closed[0].c, SIDE_SERVER), END_RESET_SENT);
	talks_end(&t);
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 10), S(ACK, 5001, 1011), C(RST | ACK, 1011, 5001));
	assert_end(only_reset(&t), CONVERSATION_RESET_BY_CLIENT, "RSTO");
	assert_int_equal(conversation_end_at(&t.closed[0].c, SIDE_CLIENT), END_RESET_SENT);
	assert_int_equal(conversation_end_at(&t.closed[0].c, SIDE_SERVER), END_RESET_RECEIVED);
	talks_end(&t);
}

static void a_reset_after_a_fin_ends_what_was_closing(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(FIN | ACK, 1001, 5001), S(ACK, 5001, 1002, 10), C(RST, 1002));
	assert_end(only_reset(&t), CONVERSATION_RESET_BY_CLIENT, "RSTO");
	talks_end(&t);
}

static void a_reset_with_a_wrong_number_ends_nothing(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 10), S(ACK, 5001, 1011), S(RST, 5001 + 70000),
	    S(RST, 5000), C(RST, 1001));
	be_silent(&t, 3600 * SECOND);
	assert_int_equal(t.close_count, 0);
	assert_int_equal(conversation_table_counts(t.table)->ignored, 3);
	talks_end(&t);
}

static void a_failed_handshake_is_a_connection_that_never_was(void **state)
{
	static const struct {
		struct segment last;
		enum conversation_end end;
		enum ev_end seen;
		const char *conn_state;
	} row[] = {
		{S(RST | ACK, 0, 1001), CONVERSATION_REFUSED, END_REFUSED, "REJ"},
		/* a RST may carry an explanation (RFC 9293 section 3.5.3); it is no data */
		{S(RST | ACK, 0, 1001, 9), CONVERSATION_REFUSED, END_REFUSED, "REJ"},
		{C(RST, 1001), CONVERSATION_ABORTED, END_ABORTED, "RSTOS0"},
		{ICMP_TO_C(3, 3, 1000), CONVERSATION_UNREACHABLE, END_UNREACHABLE, "S0"},
		{C(SYN, 1000), CONVERSATION_TIMED_OUT, END_TIMEOUT, "S0"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct talks t;

		talks_begin(&t, 16, 0);
		SAY(&t, C(SYN, 1000), row[i].last);
		conversation_table_tick(t.table, t.now_ns + 31 * SECOND);
		assert_end(only_closed(&t), row[i].end, row[i].conn_state);
		assert_int_equal(conversation_end_at(&t.closed[0].c, SIDE_CLIENT), row[i].seen);
		assert_int_equal(t.closed[0].c.established_ns, 0);
		assert_bytes(&t.closed[0], 0, 0);
		talks_end(&t);
	}
}

static void retransmissions_of_both_sides_and_of_the_handshake_are_counted(void **state)
{
	const struct talk *end;
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, C(SYN, 1000), C(SYN, 1000), S(SYN | ACK, 5000, 1001), S(SYN | ACK, 5000, 1001),
	    C(ACK, 1001, 5001), S(SYN | ACK, 5000, 1001), /* its ACK was lost */
	    C(SYN, 1000),				  /* captured late */
	    C(ACK, 1001, 5001, 100), C(ACK, 1001, 5001, 100), S(ACK, 5001, 1101, 200),
	    C(ACK, 1101, 5201), S(FIN | ACK, 5201, 1101), S(FIN | ACK, 5201, 1101),
	    C(FIN | ACK, 1101, 5202), S(ACK, 5202, 1102));
	end = only_closed(&t);
	assert_int_equal(conversation_retrans_segs(&end->c, &end->h, SIDE_CLIENT), 3);
	assert_int_equal(conversation_retrans_segs(&end->c, &end->h, SIDE_SERVER), 3);
	assert_int_equal(end->c.stream[SIDE_CLIENT].retrans_bytes, 100);
	assert_int_equal(end->c.stream[SIDE_SERVER].retrans_bytes, 0);
	assert_bytes(end, 100, 200);
	talks_end(&t);
}

/* The handshake took two milliseconds: nobody can have known of the gap after one. */
static void a_gap_filled_within_a_round_trip_was_out_of_order(void **state)
{
	struct talks t;

	(void)state;
	for (unsigned int late = 0; late <= 1; late++) {
		talks_begin(&t, 16, 0);
		SAY(&t, HANDSHAKE, C(ACK, 1101, 5001, 100));
		t.now_ns += late * MS;
		SAY(&t, C(ACK, 1001, 5001, 100), S(RST, 5001));
		assert_bytes(only_reset(&t), 200, 0);
		assert_int_equal(t.closed[0].c.stream[SIDE_CLIENT].retrans_segs, late);
		assert_int_equal(t.closed[0].c.stream[SIDE_CLIENT].reordered_segs, !late);
		talks_end(&t);
	}
}

static void fast_open_data_is_counted_once(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, C(SYN, 1000, 0, 100), S(SYN | ACK, 5000, 1101), S(ACK, 5001, 1101, 700),
	    C(ACK, 1101, 5701), C(FIN | ACK, 1101, 5701), S(FIN | ACK, 5701, 1102),
	    C(ACK, 1102, 5702));
	assert_bytes(only_closed(&t), 100, 700);
	assert_int_equal(t.closed[0].c.stream[SIDE_CLIENT].retrans_segs, 0);
	talks_end(&t);
}

static void fast_open_data_left_alone_is_sent_again(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, C(SYN, 1000, 0, 100), S(SYN | ACK, 5000, 1001), C(ACK, 1001, 5001, 100),
	    S(ACK, 5001, 1101), C(FIN | ACK, 1101, 5001), S(FIN | ACK, 5001, 1102),
	    C(ACK, 1102, 5002));
	assert_bytes(only_closed(&t), 100, 0);
	assert_int_equal(t.closed[0].c.stream[SIDE_CLIENT].retrans_bytes, 100);
	talks_end(&t);
}

static void the_isn_of_the_cookie_that_was_used_is_the_base(void **state)
{
	struct talks t;

	(void)state;
	for (uint32_t used = 5000; used <= 9000; used += 4000) {
		talks_begin(&t, 16, 0);
		SAY(&t, C(SYN, 1000), S(SYN | ACK, 5000, 1001), S(SYN | ACK, 9000, 1001),
		    C(ACK, 1001, used + 1), S(ACK, used + 1, 1001, 300), S(RST, used + 301));
		assert_bytes(only_reset(&t), 0, 300);
		talks_end(&t);
	}
}

static void a_simultaneous_open_is_one_connection(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, C(SYN, 1000), S(SYN, 5000), C(SYN | ACK, 1000, 5001), S(SYN | ACK, 5000, 1001),
	    C(ACK, 1001, 5001, 30), S(ACK, 5001, 1031, 40), S(RST, 5041));
	assert_bytes(only_reset(&t), 30, 40);
	assert_int_equal(t.open_count, 1);
	talks_end(&t);
}

static void a_connection_to_itself_receives_what_it_sends(void **state)
{
	static const struct segment scene[] = {
		C(SYN, 1000),		C(SYN | ACK, 1000, 1001), C(ACK, 1001, 1001),
		C(ACK, 1001, 1001, 50), C(ACK, 1051, 1051),	  C(FIN | ACK, 1051, 1051),
	};
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	for (size_t i = 0; i <= sizeof(scene) / sizeof(scene[0]); i++) {
		const bool last = i == sizeof(scene) / sizeof(scene[0]);
		struct segment end = C(ACK, 1052, 1052);
		struct packet p = packet_of(last ? end : scene[i], t.now_ns += MS);

		assert_int_equal(t.close_count, 0);
		p.dst = p.src;
		p.dst_port = p.src_port;
		conversation_table_feed(t.table, &p);
	}
	assert_end(only_closed(&t), CONVERSATION_FIN, "SF");
	assert_bytes(&t.closed[0], 50, 50);
	assert_int_equal(t.closed[0].c.stream[SIDE_CLIENT].retrans_segs, 0);
	talks_end(&t);
}

static void an_icmp_error_does_not_end_what_is_established(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 10), ICMP_TO_C(3, 3, 1001));
	conversation_table_tick(t.table, t.now_ns + 3600 * SECOND);
	assert_int_equal(t.close_count, 0);
	talks_end(&t);
}

static void segments_with_impossible_numbers_count_nowhere(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(ACK, 1001 - 0x50000000, 5001, 999),
	    C(ACK, 1001, 5001 - 0x50000000, 999), C(TCP_PSH, 1001, 0, 999), S(RST, 5001));
	assert_bytes(only_reset(&t), 0, 0);
	assert_int_equal(conversation_table_counts(t.table)->ignored, 3);
	talks_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_connection_is_counted_to_the_byte),
		cmocka_unit_test(states_are_those_of_a_normal_close),
		cmocka_unit_test(states_are_those_of_a_simultaneous_close),
		cmocka_unit_test(a_half_closed_connection_lives_on),
		cmocka_unit_test(a_reset_tells_who_sent_it),
		cmocka_unit_test(a_reset_after_a_fin_ends_what_was_closing),
		cmocka_unit_test(a_reset_with_a_wrong_number_ends_nothing),
		cmocka_unit_test(a_failed_handshake_is_a_connection_that_never_was),
		cmocka_unit_test(retransmissions_of_both_sides_and_of_the_handshake_are_counted),
		cmocka_unit_test(a_gap_filled_within_a_round_trip_was_out_of_order),
		cmocka_unit_test(fast_open_data_is_counted_once),
		cmocka_unit_test(fast_open_data_left_alone_is_sent_again),
		cmocka_unit_test(the_isn_of_the_cookie_that_was_used_is_the_base),
		cmocka_unit_test(a_simultaneous_open_is_one_connection),
		cmocka_unit_test(a_connection_to_itself_receives_what_it_sends),
		cmocka_unit_test(an_icmp_error_does_not_end_what_is_established),
		cmocka_unit_test(segments_with_impossible_numbers_count_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
