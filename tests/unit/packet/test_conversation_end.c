// SPDX-License-Identifier: BSD-2-Clause
/* Ends that are not plain to see: resets, and what comes after them; a last ACK not captured. */
#include "talks.h"

/* A connection of 100 bytes, answered with 1000; the answer is not acknowledged yet. */
#define ASKED HANDSHAKE, C(ACK, 1001, 5001, 100), S(ACK, 5001, 1101)
#define ANSWERED ASKED, S(ACK, 5001, 1101, 1000)

static void assert_received(const struct talk *t, uint64_t by_server, uint64_t by_client)
{
	assert_int_equal(conversation_acked_bytes(&t->c, SIDE_CLIENT), by_server);
	assert_int_equal(conversation_acked_bytes(&t->c, SIDE_SERVER), by_client);
}

static void the_ack_of_a_reset_acknowledges(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, ANSWERED, C(RST | ACK, 1101, 6001));
	assert_end(only_reset(&t), CONVERSATION_RESET_BY_CLIENT, "RSTO");
	assert_received(&t.closed[0], 100, 1000);
	talks_end(&t);
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 100), S(RST | ACK, 5001, 1101));
	assert_end(only_reset(&t), CONVERSATION_RESET_BY_SERVER, "RSTR");
	assert_received(&t.closed[0], 100, 0);
	talks_end(&t);
}

/* The answer of a closed socket to late data has no ACK, and proves nothing; nor does a wrong one.
 */
static void a_reset_without_ack_acknowledges_nothing(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, ANSWERED, C(RST, 1101));
	assert_received(only_reset(&t), 100, 0);
	talks_end(&t);
	talks_begin(&t, 16, 0);
	SAY(&t, ANSWERED, C(RST | ACK, 1101, 0));
	assert_received(only_reset(&t), 100, 0);
	talks_end(&t);
}

static void who_believes_a_reset_has_what_was_sent_before_it(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, ANSWERED, S(RST | ACK, 6001, 1101), C(ACK, 1101, 6001), S(RST, 6001));
	assert_end(only_reset(&t), CONVERSATION_RESET_BY_SERVER, "RSTR");
	assert_received(&t.closed[0], 100, 1000);
	talks_end(&t);
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 100), C(RST, 1101));
	assert_received(only_reset(&t), 100, 0);
	talks_end(&t);
}

static void what_was_sent_again_in_vain_was_not_received(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, ANSWERED);
	t.now_ns += SECOND;
	SAY(&t, S(ACK, 5001, 1101, 1000), S(RST, 6001));
	assert_bytes(only_reset(&t), 100, 1000);
	assert_received(&t.closed[0], 100, 0);
	talks_end(&t);
}

static void what_was_written_before_a_reset_was_known_counts(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 100), S(RST | ACK, 5001, 1101),
	    C(ACK, 1101, 5001, 1000), S(RST, 5001));
	assert_end(only_reset(&t), CONVERSATION_RESET_BY_SERVER, "RSTR");
	assert_bytes(&t.closed[0], 1100, 0);
	assert_received(&t.closed[0], 100, 0);
	talks_end(&t);
	talks_begin(&t, 16, 0);
	SAY(&t, ASKED, C(RST | ACK, 1101, 5001), S(ACK, 5001, 1101, 700), S(ACK, 5701, 1101, 700),
	    S(FIN | ACK, 6401, 1101), C(RST, 1101));
	assert_end(only_reset(&t), CONVERSATION_RESET_BY_CLIENT, "RSTO");
	assert_bytes(&t.closed[0], 100, 1400);
	talks_end(&t);
}

static void a_reset_of_which_its_sender_knows_nothing_is_somebody_else_s(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, ANSWERED, S(RST, 6001), S(ACK, 6001, 1101, 500), C(ACK, 1101, 6501));
	be_silent(&t, 60 * SECOND);
	assert_int_equal(t.close_count, 0);
	SAY(&t, C(FIN | ACK, 1101, 6501), S(FIN | ACK, 6501, 1102), C(ACK, 1102, 6502));
	assert_end(only_closed(&t), CONVERSATION_FIN, "SF");
	assert_bytes(&t.closed[0], 100, 1500);
	talks_end(&t);
}

/* A firewall resets the client in the server's name; the server knows nothing of it, nor the client of the connection. */
static void a_reset_that_its_receiver_believed_ended_it(void **state)
{
	struct talks t;
	uint64_t reset_ns;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, ANSWERED, S(RST, 6001));
	reset_ns = t.now_ns;
	SAY(&t, S(ACK, 6001, 1101, 500), C(RST, 1101), S(ACK, 6001, 1101, 500), C(RST, 1101));
	assert_end(only_reset(&t), CONVERSATION_RESET_BY_SERVER, "RSTR");
	assert_int_equal(t.closed[0].c.closed_ns, reset_ns);
	assert_int_equal(conversation_ignored(&t.closed[0].c), 0);
	talks_end(&t);
	/* It answered otherwise first, so it is the client that ends it. */
	talks_begin(&t, 16, 0);
	SAY(&t, ANSWERED, S(RST, 6001), S(ACK, 6001, 1101, 500), C(ACK, 1101, 6501), C(RST, 1101));
	assert_end(only_reset(&t), CONVERSATION_RESET_BY_CLIENT, "RSTO");
	assert_int_equal(conversation_ignored(&t.closed[0].c), 1);
	talks_end(&t);
}

/* Captured on two queues: what was sent before a RST comes behind it. */
static void what_is_captured_behind_a_reset_does_not_undo_it(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, ASKED, S(RST | ACK, 6001, 1101), S(ACK, 5001, 1101, 400), S(ACK, 5401, 1101, 600));
	assert_end(only_reset(&t), CONVERSATION_RESET_BY_SERVER, "RSTR");
	assert_bytes(&t.closed[0], 100, 1000);
	assert_received(&t.closed[0], 100, 1000);
	talks_end(&t);
}

static void a_reset_ahead_is_an_end_if_nothing_follows(void **state)
{
	static const struct {
		struct segment reset;
		enum conversation_end end;
	} row[] = {
		{S(RST, 6501), CONVERSATION_RESET_BY_SERVER},
		{S(RST | ACK, 6501, 1101), CONVERSATION_RESET_BY_SERVER},
		{C(RST, 1601), CONVERSATION_RESET_BY_CLIENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct talks t;

		talks_begin(&t, 16, 0);
		SAY(&t, ANSWERED, C(ACK, 1101, 6001), row[i].reset);
		be_silent(&t, CONVERSATION_DOUBT_NS - SECOND);
		assert_int_equal(t.close_count, 0);
		be_silent(&t, SECOND);
		assert_string_equal(conversation_end_name(only_closed(&t)->c.end),
				    conversation_end_name(row[i].end));
		assert_bytes(&t.closed[0], 100, 1000);
		assert_int_equal(t.closed[0].c.closed_ns, t.now_ns - CONVERSATION_DOUBT_NS);
		talks_end(&t);
	}
}

static void a_reset_ahead_is_no_end_if_its_sender_goes_on(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, ANSWERED, C(ACK, 1101, 6001), S(RST, 16001), C(ACK, 1101, 6001), /* the challenge */
	    S(ACK, 6001, 1101, 500), C(ACK, 1101, 6501));
	be_silent(&t, 2 * CONVERSATION_DOUBT_NS);
	assert_int_equal(t.close_count, 0);
	SAY(&t, C(FIN | ACK, 1101, 6501), S(FIN | ACK, 6501, 1102), C(ACK, 1102, 6502));
	assert_end(only_closed(&t), CONVERSATION_FIN, "SF");
	talks_end(&t);
}

static void the_answer_to_a_challenge_is_sure(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, ANSWERED, S(RST, 6501), C(ACK, 1101, 6001), S(RST, 6001));
	assert_end(only_reset(&t), CONVERSATION_RESET_BY_SERVER, "RSTR");
	talks_end(&t);
}

static void a_last_ack_that_was_not_captured_is_missed_by_nobody(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, ANSWERED, C(ACK, 1101, 6001), C(FIN | ACK, 1101, 6001), S(FIN | ACK, 6001, 1102));
	assert_states(&t, ST_TIME_WAIT, ST_LAST_ACK);
	be_silent(&t, CONVERSATION_DOUBT_NS);
	assert_end(only_closed(&t), CONVERSATION_FIN, "SF");
	assert_int_equal(t.closed[0].c.closed_ns, t.now_ns - CONVERSATION_DOUBT_NS);
	talks_end(&t);
}

static void the_end_of_a_capture_settles_what_waits_for_silence(void **state)
{
	static const struct segment last[] = {S(RST, 6001), S(RST, 6501), S(FIN | ACK, 6001, 1102)};
	static const enum conversation_end end[] = {CONVERSATION_RESET_BY_SERVER,
						    CONVERSATION_RESET_BY_SERVER, CONVERSATION_FIN};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct talks t;

		talks_begin(&t, 16, 0);
		SAY(&t, ANSWERED, C(ACK, 1101, 6001));
		if (end[i] == CONVERSATION_FIN)
			SAY(&t, C(FIN | ACK, 1101, 6001));
		SAY(&t, last[i]);
		conversation_table_flush(t.table, t.now_ns);
		assert_string_equal(conversation_end_name(only_closed(&t)->c.end),
				    conversation_end_name(end[i]));
		talks_end(&t);
	}
}

/* One direction is all there is: its own FIN, and the other's among what it acknowledges. */
static void of_one_way_what_was_sent_was_received(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, S(SYN | ACK, 5000, 1001), S(ACK, 5001, 1101), S(ACK, 5001, 1101, 1000),
	    S(FIN | ACK, 6001, 1102));
	conversation_table_flush(t.table, t.now_ns);
	assert_bytes(only_closed(&t), 100, 1000);
	assert_received(&t.closed[0], 100, 1000);
	assert_int_equal(t.closed[0].c.end, CONVERSATION_FIN);
	talks_end(&t);
	talks_begin(&t, 16, 0);
	SAY(&t, C(SYN, 1000), C(ACK, 1001, 5001), C(ACK, 1001, 5001, 100), C(ACK, 1101, 6001),
	    C(FIN | ACK, 1101, 6001), C(ACK, 1102, 6002));
	conversation_table_flush(t.table, t.now_ns);
	assert_bytes(only_closed(&t), 100, 1000);
	assert_received(&t.closed[0], 100, 1000);
	assert_int_equal(t.closed[0].c.end, CONVERSATION_FIN);
	talks_end(&t);
}

static void a_hole_in_both_directions_is_counted_in_both(void **state)
{
	const uint32_t hole = 1500000000;
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, ANSWERED, S(ACK, 6001 + hole, 1101 + hole, 1000),
	    C(ACK, 1101 + hole, 7001 + hole, 10), S(ACK, 7001 + hole, 1111 + hole),
	    S(RST, 7001 + hole));
	only_reset(&t);
	assert_true(conversation_sent_bytes(&t.closed[0].c, SIDE_CLIENT) == 110ull + hole);
	assert_true(conversation_sent_bytes(&t.closed[0].c, SIDE_SERVER) == 2000ull + hole);
	talks_end(&t);
}

static void the_window_is_what_both_agreed_to_scale(void **state)
{
	static const struct {
		uint8_t client, server; /* 99: no option */
		bool is_believed;
	} row[] = {{99, 99, false}, {7, 99, false}, {99, 7, false}, {7, 7, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		static const struct segment scene[] = {HANDSHAKE, C(ACK, 1001, 5001, 10),
						       S(ACK, 5001 + 1000000, 1011, 10)};
		struct talks t;

		talks_begin(&t, 16, 0);
		for (int k = 0; k < 5; k++) {
			struct packet p = packet_of(scene[k], t.now_ns += MS);
			uint8_t scale = k ? row[i].server : row[i].client;

			if (k < 2 && scale != 99) {
				p.options = PACKET_WSCALE;
				p.wscale = scale;
			}
			conversation_table_feed(t.table, &p);
		}
		conversation_table_sample(t.table, true, keep_sample, &t);
		assert_bytes(&t.sampled[0], 10, row[i].is_believed ? 1000010 : 0);
		talks_end(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ack_of_a_reset_acknowledges),
		cmocka_unit_test(a_reset_without_ack_acknowledges_nothing),
		cmocka_unit_test(who_believes_a_reset_has_what_was_sent_before_it),
		cmocka_unit_test(what_was_sent_again_in_vain_was_not_received),
		cmocka_unit_test(what_was_written_before_a_reset_was_known_counts),
		cmocka_unit_test(a_reset_of_which_its_sender_knows_nothing_is_somebody_else_s),
		cmocka_unit_test(what_is_captured_behind_a_reset_does_not_undo_it),
		cmocka_unit_test(a_reset_ahead_is_an_end_if_nothing_follows),
		cmocka_unit_test(a_reset_that_its_receiver_believed_ended_it),
		cmocka_unit_test(a_reset_ahead_is_no_end_if_its_sender_goes_on),
		cmocka_unit_test(the_answer_to_a_challenge_is_sure),
		cmocka_unit_test(a_last_ack_that_was_not_captured_is_missed_by_nobody),
		cmocka_unit_test(the_end_of_a_capture_settles_what_waits_for_silence),
		cmocka_unit_test(of_one_way_what_was_sent_was_received),
		cmocka_unit_test(a_hole_in_both_directions_is_counted_in_both),
		cmocka_unit_test(the_window_is_what_both_agreed_to_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
