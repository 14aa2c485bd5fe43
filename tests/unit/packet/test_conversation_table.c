// SPDX-License-Identifier: BSD-2-Clause
/* Many connections: whose packet is it, what was there before the capture, and who has to go. */
#include <malloc.h>

#include "talks.h"

static void traffic_from_before_the_capture_is_adopted(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, S(ACK, 7001, 1501, 400), C(ACK, 1501, 7401, 50), S(ACK, 7401, 1551),
	    S(FIN | ACK, 7401, 1551), C(FIN | ACK, 1551, 7402), S(ACK, 7402, 1552));
	assert_end(only_closed(&t), CONVERSATION_FIN, "SF");
	assert_true(t.closed[0].c.is_adopted);
	assert_int_equal(t.closed[0].c.established_ns, 0);
	/* the server has the lower port, whoever was seen first */
	assert_int_equal(t.closed[0].h.client.port, 40000);
	assert_bytes(&t.closed[0], 50, 400);
	assert_int_equal(conversation_table_counts(t.table)->adopted, 1);
	talks_end(&t);
}

static void a_bare_ack_or_reset_begins_nothing(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, C(ACK, 1001, 5001), S(RST, 5001), C(FIN, 1001), C(ACK | RST, 1001, 5001, 5),
	    ICMP_TO_C(3, 3, 1000));
	assert_int_equal(t.open_count, 0);
	assert_int_equal(conversation_table_counts(t.table)->stray, 5);
	talks_end(&t);
}

static void late_segments_of_a_closed_one_begin_nothing(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(FIN | ACK, 1001, 5001), S(FIN | ACK, 5001, 1002), C(ACK, 1002, 5002),
	    S(FIN | ACK, 5001, 1002), C(ACK, 1002, 5002), S(ACK, 4001, 1002, 1000), S(RST, 5002),
	    C(SYN, 1000), S(SYN | ACK, 5000, 1001));
	assert_int_equal(t.open_count, 1);
	assert_int_equal(t.close_count, 1);
	talks_end(&t);
}

static void a_port_used_again_is_another_connection(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(FIN | ACK, 1001, 5001), S(FIN | ACK, 5001, 1002), C(ACK, 1002, 5002),
	    C(SYN, 800000), S(SYN | ACK, 900000, 800001), C(ACK, 800001, 900001, 77),
	    S(RST, 900001));
	be_silent(&t, CONVERSATION_SURE_NS);
	assert_int_equal(t.close_count, 2);
	assert_bytes(&t.closed[1], 77, 0);
	assert_int_not_equal(t.closed[0].c.id, t.closed[1].c.id);
	talks_end(&t);
}

static void a_forged_syn_does_not_disturb_what_is_established(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(SYN, 400000), S(ACK, 5001, 1001), /* the challenge */
	    C(ACK, 1001, 5001, 100), S(ACK, 5001, 1101, 200), C(RST, 400001));
	for (unsigned int i = 0; i < 10; i++) /* and many more than are kept of one tuple */
		SAY(&t, C(SYN, 500000 + i * 1000));
	SAY(&t, C(ACK, 1101, 5201, 100), S(RST, 5201));
	be_silent(&t, CONVERSATION_SURE_NS);
	assert_end(last_closed(&t), CONVERSATION_RESET_BY_SERVER, "RSTR");
	assert_bytes(last_closed(&t), 200, 200);
	talks_end(&t);
}

/* Its numbers make no difference: whose they are shows in those of the others. */
static void an_attempt_takes_no_segment_of_what_is_established(void **state)
{
	static const struct segment attempt[] = {
		C(SYN, 77777777),
		S(SYN, 77777777),
		S(SYN | ACK, 77777777, 88888888),
		C(SYN | ACK, 77777777, 88888888),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(attempt) / sizeof(attempt[0]); i++) {
		struct talks t;

		talks_begin(&t, 16, 0);
		SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 100), S(ACK, 5001, 1101, 1000), attempt[i],
		    S(ACK, 6001, 1101), C(ACK, 1101, 6001), C(ACK, 1101, 6001, 100),
		    S(ACK, 6001, 1201, 1000), C(FIN | ACK, 1201, 7001), S(FIN | ACK, 7001, 1202),
		    C(ACK, 1202, 7002));
		assert_end(only_closed(&t), CONVERSATION_FIN, "SF");
		assert_bytes(&t.closed[0], 200, 2000);
		assert_int_equal(t.open_count, 2);
		talks_end(&t);
	}
}

static void an_attempt_that_failed_takes_no_segment_of_what_is_established(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 100), C(SYN, 400000), S(RST | ACK, 0, 400001));
	assert_end(only_closed(&t), CONVERSATION_REFUSED, "REJ");
	SAY(&t, S(ACK, 5001, 1101, 1000), C(ACK, 1101, 6001), S(FIN | ACK, 6001, 1101),
	    C(FIN | ACK, 1101, 6002), S(ACK, 6002, 1102));
	assert_end(last_closed(&t), CONVERSATION_FIN, "SF");
	assert_bytes(last_closed(&t), 100, 1000);
	talks_end(&t);
}

static void attempts_beyond_the_few_that_are_kept_are_replaced_and_not_lost(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	for (uint32_t i = 0; i < 30; i++)
		SAY(&t, C(SYN, 1000 + i * 100000));
	assert_int_equal(t.close_count, 26);
	assert_end(last_closed(&t), CONVERSATION_REPLACED, "S0");
	assert_int_equal(conversation_table_counts(t.table)->evicted, 0);
	talks_end(&t);
}

static void a_connection_replaces_the_one_that_was_forgotten_on_its_tuple(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 10), /* the client crashes, and connects again */
	    C(SYN, 800000), S(ACK, 5001, 1011), C(RST, 1011), C(SYN, 800000),
	    S(SYN | ACK, 900000, 800001), C(ACK, 800001, 900001, 20));
	assert_int_equal(t.close_count, 1);
	assert_end(&t.closed[0], CONVERSATION_RESET_BY_CLIENT, "RSTO");
	SAY(&t, C(SYN, 1800000), S(SYN | ACK, 1900000, 1800001), C(ACK, 1800001, 1900001));
	assert_int_equal(t.close_count, 2);
	assert_end(&t.closed[1], CONVERSATION_REPLACED, "S1");
	assert_int_equal(conversation_end_at(&t.closed[1].c, SIDE_CLIENT), END_NONE);
	assert_bytes(&t.closed[1], 20, 0);
	assert_int_equal(conversation_table_live(t.table), 1);
	talks_end(&t);
}

static void a_syn_ack_for_no_syn_that_waits_is_ignored(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, C(SYN, 1000), S(SYN | ACK, 5000, 4444));
	assert_int_equal(t.open_count, 1);
	assert_int_equal(conversation_table_counts(t.table)->ignored, 1);
	talks_end(&t);
}

static void a_syn_ack_beside_what_is_established_begins_another(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, S(SYN | ACK, 900000, 800001), C(ACK, 800001, 900001));
	assert_int_equal(t.open_count, 2); /* its SYN was not captured */
	assert_end(only_closed(&t), CONVERSATION_REPLACED, "S1");
	talks_end(&t);
}

static void an_icmp_error_that_fits_nothing_begins_nothing(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, C(SYN, 1000), ICMP_TO_C(3, 1, 4444));
	assert_int_equal(conversation_table_counts(t.table)->ignored, 1);
	assert_int_equal(conversation_table_counts(t.table)->stray, 0);
	talks_end(&t);
}

static void one_half_of_the_way_is_enough_for_bytes(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 5 * SECOND);
	SAY(&t, C(SYN, 1000), C(ACK, 1001, 5001), C(ACK, 1001, 5001, 100), C(ACK, 1101, 5501),
	    C(ACK, 1101, 6001), C(FIN | ACK, 1101, 6001));
	conversation_table_tick(t.table, t.now_ns + 10 * SECOND);
	/* Of the server only what the client acknowledged is known. */
	assert_bytes(only_closed(&t), 100, 1000);
	assert_int_equal(t.closed[0].c.stream[SIDE_SERVER].missed_bytes, 1000);
	assert_end(&t.closed[0], CONVERSATION_FIN, "SH");
	talks_end(&t);
	talks_begin(&t, 16, 5 * SECOND);
	SAY(&t, S(SYN | ACK, 5000, 1001), S(ACK, 5001, 1101, 1000), S(FIN | ACK, 6001, 1101));
	conversation_table_tick(t.table, t.now_ns + 10 * SECOND);
	assert_bytes(only_closed(&t), 100, 1000);
	assert_end(&t.closed[0], CONVERSATION_FIN, "SHR");
	assert_int_equal(conversation_handshake_ns(&t.closed[0].c, &t.closed[0].h), 0);
	talks_end(&t);
}

static void silence_ends_only_what_may_be_idle_no_longer(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 100 * SECOND);
	SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 10));
	conversation_table_tick(t.table, t.now_ns + 99 * SECOND);
	assert_int_equal(t.close_count, 0);
	conversation_table_tick(t.table, t.now_ns + 101 * SECOND);
	assert_end(only_closed(&t), CONVERSATION_IDLE, "S1");
	assert_int_equal(t.closed[0].c.closed_ns, t.now_ns);
	t.now_ns += 101 * SECOND;
	SAY(&t, C(ACK, 1011, 5001, 5)); /* it was only silent: goes on as another */
	assert_int_equal(t.open_count, 2);
	assert_true(t.opened[1].c.is_adopted);
	talks_end(&t);
}

static void the_end_of_a_capture_closes_nothing_that_lives(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 10), C(SYN, 70000));
	conversation_table_flush(t.table, t.now_ns);
	assert_int_equal(t.close_count, 0);
	assert_int_equal(conversation_table_live(t.table), 2);
	talks_end(&t);
}

static void the_end_of_a_capture_decides_what_only_waited(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, C(SYN, 1000), ICMP_TO_C(3, 1, 1000));
	conversation_table_flush(t.table, t.now_ns);
	assert_end(only_closed(&t), CONVERSATION_UNREACHABLE, "S0");
	talks_end(&t);
	talks_begin(&t, 16, 0);
	SAY(&t, C(SYN, 1000), C(ACK, 1001, 5001, 10));
	conversation_table_flush(t.table, t.now_ns);
	assert_int_equal(t.close_count, 0);
	assert_states(&t, ST_ESTABLISHED, ST_ESTABLISHED);
	talks_end(&t);
}

static void a_sample_tells_only_of_those_with_news(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	SAY(&t, HANDSHAKE, C(ACK, 1001, 5001, 10));
	conversation_table_sample(t.table, false, keep_sample, &t);
	assert_int_equal(t.sample_count, 1);
	assert_bytes(&t.sampled[0], 10, 0);
	conversation_table_sample(t.table, false, keep_sample, &t);
	assert_int_equal(t.sample_count, 1);
	conversation_table_sample(t.table, true, keep_sample, &t);
	assert_int_equal(t.sample_count, 2);
	SAY(&t, S(ACK, 5001, 1011));
	/* Whoever only looks at all takes no news away. */
	conversation_table_sample(t.table, true, keep_sample, &t);
	assert_int_equal(t.sample_count, 3);
	conversation_table_sample(t.table, false, keep_sample, &t);
	assert_int_equal(t.sample_count, 4);
	assert_int_equal(conversation_acked_bytes(&t.sampled[3].c, SIDE_CLIENT), 10);
	SAY(&t, S(RST, 5001)); /* what is closed is not sampled */
	be_silent(&t, CONVERSATION_SURE_NS);
	conversation_table_sample(t.table, true, keep_sample, &t);
	assert_int_equal(t.sample_count, 4);
	talks_end(&t);
}

/* Room */

static void say_from(struct talks *t, uint32_t client, struct segment s)
{
	struct packet p = packet_of(s, t->now_ns += 1000);

	(s.from == 'C' ? &p.src : &p.dst)->word_be[0] = 0x20;
	(s.from == 'C' ? &p.src : &p.dst)->word_be[3] = client;
	conversation_table_feed(t->table, &p);
}

static void establish(struct talks *t, uint32_t client)
{
	static const struct segment scene[] = {HANDSHAKE};

	for (int i = 0; i < 3; i++)
		say_from(t, client, scene[i]);
}

static void a_flood_of_syns_takes_no_room_from_established_ones(void **state)
{
	enum { LIMIT = 1024, LIVE = LIMIT / 4 };
	unsigned int before;
	struct talks t;

	(void)state;
	talks_begin(&t, LIMIT, 0);
	for (uint32_t i = 1; i <= LIVE; i++)
		establish(&t, i);
	for (uint32_t i = 0; i < 50 * LIMIT; i++) {
		say_from(&t, 100000 + i, (struct segment)C(SYN, i));
		if (i % 2)
			say_from(&t, 100000 + i, (struct segment)S(SYN | ACK, i, i + 1));
	}
	before = t.close_count;
	for (uint32_t i = 1; i <= LIVE; i++)
		say_from(&t, i, (struct segment)S(RST, 5001));
	assert_int_equal(t.close_count, before);
	be_silent(&t, CONVERSATION_SURE_NS);
	assert_int_equal(t.close_count, before + LIVE);
	assert_end(last_closed(&t), CONVERSATION_RESET_BY_SERVER, "RSTR");
	assert_true(conversation_table_counts(t.table)->evicted > 48 * LIMIT);
	talks_end(&t);
}

static void the_established_one_that_was_silent_longest_is_evicted(void **state)
{
	enum { LIMIT = 64 };
	struct talks t;

	(void)state;
	talks_begin(&t, LIMIT, 0);
	for (uint32_t i = 1; i <= LIMIT; i++)
		establish(&t, i);
	say_from(&t, 1, (struct segment)C(ACK, 1001, 5001, 10));
	establish(&t, LIMIT + 1);
	assert_end(only_closed(&t), CONVERSATION_EVICTED, "S1");
	assert_int_equal(t.closed[0].h.client.addr.word_be[3], 2);
	assert_int_equal(conversation_table_counts(t.table)->evicted, 1);
	talks_end(&t);
}

/* There was nothing to wait for: it is not lost. */
static void who_was_silent_for_long_gives_way_as_idle(void **state)
{
	enum { LIMIT = 64 };
	struct talks t;

	(void)state;
	talks_begin(&t, LIMIT, 0);
	for (uint32_t i = 1; i <= 2 * LIMIT; i++) {
		say_from(&t, i, (struct segment)C(ACK, 1001, 5001, 10));
		be_silent(&t, 10 * SECOND);
	}
	assert_int_equal(t.close_count, LIMIT);
	assert_end(last_closed(&t), CONVERSATION_IDLE, "OTH");
	assert_int_equal(conversation_table_counts(t.table)->evicted, 0);
	talks_end(&t);
}

static void nothing_is_allocated_on_the_way(void **state)
{
	struct mallinfo2 before, after;
	struct talks t;

	(void)state;
	talks_begin(&t, 256, SECOND);
	before = mallinfo2();
	for (uint32_t i = 1; i <= 20000; i++) {
		establish(&t, i);
		say_from(&t, i, (struct segment)C(ACK, 1001, 5001, 10));
		if (i % 3)
			say_from(&t, i, (struct segment)S(RST, 5001));
	}
	after = mallinfo2();
	assert_int_equal(after.uordblks, before.uordblks);
	assert_int_equal(after.hblkhd, before.hblkhd);
	talks_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(traffic_from_before_the_capture_is_adopted),
		cmocka_unit_test(a_bare_ack_or_reset_begins_nothing),
		cmocka_unit_test(late_segments_of_a_closed_one_begin_nothing),
		cmocka_unit_test(a_port_used_again_is_another_connection),
		cmocka_unit_test(a_forged_syn_does_not_disturb_what_is_established),
		cmocka_unit_test(an_attempt_takes_no_segment_of_what_is_established),
		cmocka_unit_test(an_attempt_that_failed_takes_no_segment_of_what_is_established),
		cmocka_unit_test(attempts_beyond_the_few_that_are_kept_are_replaced_and_not_lost),
		cmocka_unit_test(a_connection_replaces_the_one_that_was_forgotten_on_its_tuple),
		cmocka_unit_test(a_syn_ack_for_no_syn_that_waits_is_ignored),
		cmocka_unit_test(a_syn_ack_beside_what_is_established_begins_another),
		cmocka_unit_test(an_icmp_error_that_fits_nothing_begins_nothing),
		cmocka_unit_test(one_half_of_the_way_is_enough_for_bytes),
		cmocka_unit_test(silence_ends_only_what_may_be_idle_no_longer),
		cmocka_unit_test(the_end_of_a_capture_closes_nothing_that_lives),
		cmocka_unit_test(the_end_of_a_capture_decides_what_only_waited),
		cmocka_unit_test(a_sample_tells_only_of_those_with_news),
		cmocka_unit_test(a_flood_of_syns_takes_no_room_from_established_ones),
		cmocka_unit_test(the_established_one_that_was_silent_longest_is_evicted),
		cmocka_unit_test(who_was_silent_for_long_gives_way_as_idle),
		cmocka_unit_test(nothing_is_allocated_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
