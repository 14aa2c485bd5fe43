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
		struct packet busy =
			packet_of((struct segment)C(ms ? ACK : SYN, 1000 + ms, 7001), T0 + ms * MS);

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

static void a_table_without_room_is_not_made(void **state)
{
	struct handshake_table_config config = {.limit = 0, .report = keep_report};

	(void)state;
	assert_null(handshake_table_new(&config));
	config.limit = (1u << 30) + 1;
	assert_null(handshake_table_new(&config));
	handshake_table_free(NULL);
}

static bool nobody_watched(void *context, const struct handshake *h)
{
	(void)context;
	(void)h;
	return false;
}

static struct handshake_table *unwatched_table(struct reports *r)
{
	const struct handshake_table_config config = {
		.limit = 16,
		.timeout_ns = 30 * SECOND,
		.report = keep_report,
		.is_watched = nobody_watched,
		.context = r,
	};

	*r = (struct reports){.count = 0};
	r->table = handshake_table_new(&config);
	assert_non_null(r->table);
	return r->table;
}

static void silence_that_may_be_ours_is_counted_not_reported(void **state)
{
	const struct handshake_counts *c;
	struct reports r;

	(void)state;
	c = handshake_table_counts(unwatched_table(&r));
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + MS, S(SYN | ACK, 5000, 1001));
	handshake_table_tick(r.table, T0 + 31 * SECOND);
	assert_int_equal(r.count, 0);
	assert_int_equal(c->unwatched, 1);
	AT(&r, T0 + 40 * SECOND, C(SYN, 2000));
	handshake_table_flush(r.table, T0 + 41 * SECOND);
	assert_int_equal(c->unwatched, 2);
	assert_int_equal(c->begun, c->reported + c->unwatched);
	handshake_table_free(r.table);
}

/* What a segment has decided is known, and an attempt that another one overtook is watched no more. */
static void what_is_known_is_reported_watched_or_not(void **state)
{
	struct reports r;

	(void)state;
	unwatched_table(&r);
	AT(&r, T0, C(SYN, 1000));
	AT(&r, T0 + SECOND, C(SYN, 2000));
	AT(&r, T0 + SECOND + MS, S(RST | ACK, 0, 2001));
	assert_outcome(&r, 0, HANDSHAKE_REJECTED);
	handshake_table_tick(r.table, T0 + 32 * SECOND);
	assert_int_equal(r.count, 2);
	assert_outcome(&r, 1, HANDSHAKE_TIMED_OUT);
	reports_end(&r);
}

static void a_challenge_does_not_delay_the_time_out(void **state)
{
	struct reports r;

	(void)state;
	reports_begin(&r, 16);
	AT(&r, T0, C(SYN, 1000));
	for (int i = 1; i < 29; i++)
		AT(&r, T0 + i * SECOND, S(ACK | FIN, 7000, 91));
	handshake_table_tick(r.table, T0 + 31 * SECOND);
	assert_outcome(&r, 0, HANDSHAKE_TIMED_OUT);
	assert_int_equal(r.h[0].end_ns, T0 + 30 * SECOND);
	assert_int_equal(r.h[0].challenge_acks, 28);
	assert_string_equal(handshake_conn_state(&r.h[0]), "S0");
	reports_end(&r);
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
		cmocka_unit_test(a_capture_out_of_order_gives_the_same_report),
		cmocka_unit_test(the_clients_half_alone_is_established_after_a_short_wait),
		cmocka_unit_test(data_of_one_client_does_not_delay_the_report_of_another),
		cmocka_unit_test(the_servers_half_alone_is_established_by_its_data),
		cmocka_unit_test(traffic_from_before_the_capture_is_no_handshake),
		cmocka_unit_test(a_connection_to_itself_is_one_handshake),
		cmocka_unit_test(silence_that_may_be_ours_is_counted_not_reported),
		cmocka_unit_test(what_is_known_is_reported_watched_or_not),
		cmocka_unit_test(a_challenge_does_not_delay_the_time_out),
		cmocka_unit_test(a_table_without_room_is_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
