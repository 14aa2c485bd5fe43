// SPDX-License-Identifier: BSD-2-Clause
#include "packet/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packets.h"

#define REORDER_NS (3ull * MS)
#define OPEN 60000

/* A stream whose first byte has the number 1001, and a clock. */
struct scene {
	struct stream s;
	uint64_t now_ns;
	uint16_t peer_window;
	bool is_newer;
};

static struct scene begun(void)
{
	struct scene x = {.now_ns = SECOND, .peer_window = OPEN};

	stream_begin(&x.s, 1001);
	return x;
}

static struct stream_peer peer_of(const struct scene *x)
{
	return (struct stream_peer){
		.room = OPEN,
		.reorder_ns = REORDER_NS,
		.is_window_closed = !x->peer_window,
		.is_newer = x->is_newer,
	};
}

static void send_flags(struct scene *x, unsigned int flags, uint32_t seq, uint32_t len)
{
	struct packet p = packet_of((struct segment)C(flags, seq, 1, len), x->now_ns);
	const struct stream_peer peer = peer_of(x);

	stream_take(&x->s, &p, &peer);
}

static void send_bytes(struct scene *x, uint32_t seq, uint32_t len)
{
	send_flags(x, ACK, seq, len);
}

static void acknowledge(struct scene *x, uint32_t ack)
{
	const struct stream_peer peer = peer_of(x);

	stream_acknowledge(&x->s, ack, &peer, x->now_ns);
}

static void bytes_in_order_are_counted_once(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	send_bytes(&x, 1101, 200);
	assert_int_equal(stream_sent_bytes(&x.s), 300);
	assert_int_equal(stream_acked_bytes(&x.s), 0);
	acknowledge(&x, 1101);
	assert_int_equal(stream_acked_bytes(&x.s), 100);
	acknowledge(&x, 1001); /* an old ACK takes nothing back */
	assert_int_equal(stream_acked_bytes(&x.s), 100);
	assert_int_equal(x.s.retrans_segs, 0);
	assert_int_equal(x.s.missed_bytes, 0);
	assert_int_equal(x.s.data_segs, 2);
}

static void a_retransmission_is_counted_apart(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	send_bytes(&x, 1101, 100);
	send_bytes(&x, 1001, 100);
	assert_int_equal(stream_sent_bytes(&x.s), 200);
	assert_int_equal(x.s.retrans_segs, 1);
	assert_int_equal(x.s.retrans_bytes, 100);
}

static void only_the_old_part_of_a_segment_is_retransmitted(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	send_bytes(&x, 1051, 100);
	assert_int_equal(stream_sent_bytes(&x.s), 150);
	assert_int_equal(x.s.retrans_bytes, 50);
	assert_int_equal(x.s.retrans_segs, 1);
}

static void a_segment_out_of_order_is_no_retransmission(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1101, 100);
	assert_int_equal(stream_sent_bytes(&x.s), 200);
	assert_int_equal(x.s.missed_bytes, 100);
	x.now_ns += REORDER_NS;
	send_bytes(&x, 1001, 100);
	assert_int_equal(stream_sent_bytes(&x.s), 200);
	assert_int_equal(x.s.missed_bytes, 0);
	assert_int_equal(x.s.retrans_segs, 0);
	assert_int_equal(x.s.reordered_segs, 1);
}

static void a_gap_filled_later_was_lost_before_it_came_here(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1101, 100);
	x.now_ns += REORDER_NS + 1;
	send_bytes(&x, 1001, 100);
	assert_int_equal(x.s.retrans_segs, 1);
	assert_int_equal(x.s.retrans_bytes, 100);
	assert_int_equal(x.s.missed_bytes, 0);
	send_bytes(&x, 1001, 100); /* and again, when the gap is no more */
	assert_int_equal(x.s.retrans_bytes, 200);
}

static void a_gap_can_be_filled_from_its_middle(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1301, 100);
	send_bytes(&x, 1101, 100);
	send_bytes(&x, 1001, 100);
	send_bytes(&x, 1201, 100);
	assert_int_equal(stream_sent_bytes(&x.s), 400);
	assert_int_equal(x.s.missed_bytes, 0);
	assert_int_equal(x.s.retrans_segs, 0);
	assert_int_equal(x.s.reordered_segs, 3);
}

static void what_the_capture_lost_is_known_from_the_acknowledgement(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	acknowledge(&x, 5001);
	assert_int_equal(stream_sent_bytes(&x.s), 4000);
	assert_int_equal(stream_acked_bytes(&x.s), 4000);
	assert_int_equal(x.s.missed_bytes, 3900);
}

static void data_captured_after_its_acknowledgement_is_no_retransmission(void **state)
{
	struct scene x = begun();

	(void)state;
	acknowledge(&x, 1101);
	send_bytes(&x, 1001, 100);
	assert_int_equal(stream_sent_bytes(&x.s), 100);
	assert_int_equal(x.s.missed_bytes, 0);
	assert_int_equal(x.s.retrans_segs, 0);
}

static void five_gigabytes_are_counted_over_the_wrap(void **state)
{
	const uint32_t len = 65000;
	const uint64_t total = 5000000000ull / len * len;
	struct scene x = begun();
	uint32_t seq = 1001;

	(void)state;
	for (uint64_t sent = 0; sent < total; sent += len, seq += len) {
		send_bytes(&x, seq, len);
		acknowledge(&x, seq + len);
	}
	send_bytes(&x, seq - len, len); /* one retransmission behind the wrap */
	assert_true(stream_sent_bytes(&x.s) == total);
	assert_true(stream_acked_bytes(&x.s) == total);
	assert_int_equal(x.s.retrans_bytes, len);
	assert_int_equal(x.s.missed_bytes, 0);
}

static void keepalives_are_neither_data_nor_retransmissions(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	acknowledge(&x, 1101);
	send_bytes(&x, 1100, 0); /* as Linux */
	send_bytes(&x, 1100, 1); /* as Windows */
	send_bytes(&x, 1100, 1);
	assert_int_equal(stream_sent_bytes(&x.s), 100);
	assert_int_equal(x.s.retrans_segs, 0);
	assert_int_equal(x.s.keepalives, 2);
}

static void the_retransmission_of_one_byte_is_no_keepalive(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	acknowledge(&x, 1101);
	send_bytes(&x, 1101, 1);
	send_bytes(&x, 1101, 1); /* not acknowledged yet */
	assert_int_equal(x.s.keepalives, 0);
	assert_int_equal(x.s.retrans_bytes, 1);
	assert_int_equal(stream_sent_bytes(&x.s), 101);
}

static void window_probes_are_not_data_until_they_are_taken(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	acknowledge(&x, 1101);
	x.peer_window = 0;
	for (int i = 0; i < 3; i++) {
		send_bytes(&x, 1101, 1);
		acknowledge(&x, 1101);
	}
	assert_int_equal(x.s.window_probes, 3);
	assert_int_equal(stream_sent_bytes(&x.s), 100);
	assert_int_equal(x.s.retrans_segs, 0);
	x.peer_window = OPEN;
	send_bytes(&x, 1101, 100); /* the byte of the probe is sent with the others */
	assert_int_equal(stream_sent_bytes(&x.s), 200);
	assert_int_equal(x.s.retrans_segs, 0);
}

static void a_probe_that_is_taken_is_a_byte_sent(void **state)
{
	struct scene x = begun();

	(void)state;
	x.peer_window = 0;
	send_bytes(&x, 1001, 1);
	acknowledge(&x, 1002);
	assert_int_equal(stream_sent_bytes(&x.s), 1);
	assert_int_equal(x.s.missed_bytes, 0);
	x.peer_window = OPEN;
	send_bytes(&x, 1002, 10);
	assert_int_equal(stream_sent_bytes(&x.s), 11);
	assert_int_equal(x.s.retrans_segs, 0);
}

static void a_fin_is_no_byte(void **state)
{
	struct scene x = begun();

	(void)state;
	send_flags(&x, FIN | ACK, 1001, 100);
	assert_true(x.s.has_fin);
	assert_int_equal(stream_sent_bytes(&x.s), 100);
	acknowledge(&x, 1101);
	assert_false(x.s.fin_is_acked);
	acknowledge(&x, 1102);
	assert_true(x.s.fin_is_acked);
	assert_int_equal(stream_acked_bytes(&x.s), 100);
}

static void a_fin_again_is_a_retransmission_of_no_bytes(void **state)
{
	struct scene x = begun();

	(void)state;
	send_flags(&x, FIN | ACK, 1001, 0);
	send_flags(&x, FIN | ACK, 1001, 0);
	assert_int_equal(x.s.retrans_segs, 1);
	assert_int_equal(x.s.retrans_bytes, 0);
}

static void a_fin_captured_after_its_acknowledgement_is_still_no_byte(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	acknowledge(&x, 1102);
	send_flags(&x, FIN | ACK, 1101, 0);
	assert_true(x.s.has_fin);
	assert_true(x.s.fin_is_acked);
	assert_int_equal(stream_sent_bytes(&x.s), 100);
	assert_int_equal(stream_acked_bytes(&x.s), 100);
	assert_int_equal(x.s.missed_bytes, 0);
}

static void a_fin_before_the_last_byte_is_not_of_this_sender(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	acknowledge(&x, 1101);
	send_flags(&x, FIN | ACK, 1100, 0);
	assert_false(x.s.has_fin);
	assert_int_equal(x.s.ignored, 1);
	assert_int_equal(stream_sent_bytes(&x.s), 100);
}

static void data_lost_before_a_fin_is_known_from_it(void **state)
{
	struct scene x = begun();

	(void)state;
	send_flags(&x, FIN | ACK, 1501, 0);
	assert_int_equal(stream_sent_bytes(&x.s), 500);
	assert_int_equal(x.s.missed_bytes, 500);
	send_bytes(&x, 1001, 500);
	assert_int_equal(x.s.missed_bytes, 0);
	assert_int_equal(x.s.retrans_segs, 0);
}

static void nothing_comes_after_a_fin(void **state)
{
	struct scene x = begun();

	(void)state;
	send_flags(&x, FIN | ACK, 1001, 100);
	send_bytes(&x, 1101, 50);
	acknowledge(&x, 1150);
	assert_int_equal(stream_sent_bytes(&x.s), 100);
	assert_int_equal(x.s.ignored, 2);
}

/* Where is a number? */
static enum stream_fit fit_of(const struct scene *x, uint32_t seq)
{
	const struct stream_peer peer = peer_of(x);

	return stream_fit(&x->s, seq, &peer);
}

static void numbers_are_near_up_to_the_window_and_then_far(void **state)
{
	struct scene x = begun();

	(void)state;
	assert_int_equal(fit_of(&x, 1001 + OPEN), STREAM_NEAR);
	assert_int_equal(fit_of(&x, 1002 + OPEN), STREAM_FAR);
	assert_int_equal(fit_of(&x, 1001 + (1u << 31) - 1), STREAM_FAR);
	assert_int_equal(fit_of(&x, 1001 - (1u << 30)), STREAM_NEAR);
	assert_int_equal(fit_of(&x, 1000 - (1u << 30)), STREAM_UNFIT);
}

static void what_is_far_counts_when_the_sender_goes_on_there(void **state)
{
	const uint32_t hole = 1900000000;
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	send_bytes(&x, 1101 + hole, 100);
	assert_int_equal(stream_sent_bytes(&x.s), 100);
	send_bytes(&x, 1201 + hole, 100);
	assert_int_equal(stream_sent_bytes(&x.s), hole + 300);
	assert_int_equal(x.s.missed_bytes, hole);
	assert_int_equal(x.s.retrans_segs, 0);
	assert_int_equal(x.s.ignored, 0);
}

static void what_is_far_counts_when_the_peer_acknowledges_it(void **state)
{
	const uint32_t hole = 1250000000;
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 0);
	send_flags(&x, FIN | ACK, 1001 + hole, 100);
	acknowledge(&x, 1102 + hole);
	assert_int_equal(stream_sent_bytes(&x.s), hole + 100);
	assert_int_equal(stream_acked_bytes(&x.s), hole + 100);
	assert_true(x.s.fin_is_acked);
	x = begun(); /* or the other way round */
	send_bytes(&x, 1001, 0);
	acknowledge(&x, 1101 + hole);
	assert_int_equal(stream_sent_bytes(&x.s), 0);
	send_bytes(&x, 1101 + hole, 50);
	assert_int_equal(stream_sent_bytes(&x.s), hole + 150);
	assert_int_equal(stream_acked_bytes(&x.s), hole + 100);
	x = begun(); /* or nothing of the sender was captured */
	acknowledge(&x, 1101 + hole);
	acknowledge(&x, 1201 + hole);
	assert_int_equal(stream_acked_bytes(&x.s), hole + 200);
	assert_int_equal(x.s.ignored, 0);
}

static void what_is_far_counts_nowhere_when_the_sender_goes_on_here(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	send_flags(&x, FIN | ACK, 500001101, 100);
	send_bytes(&x, 1101, 100);
	acknowledge(&x, 400001101); /* and a far acknowledgement neither */
	acknowledge(&x, 1201);
	acknowledge(&x, 400001201);
	send_bytes(&x, 1201, 0);
	send_bytes(&x, 500001201, 10); /* does not confirm what was dropped */
	assert_int_equal(stream_sent_bytes(&x.s), 200);
	assert_int_equal(stream_acked_bytes(&x.s), 200);
	assert_false(x.s.has_fin);
	assert_int_equal(x.s.ignored, 3);
}

static void a_retransmission_refutes_nothing(void **state)
{
	const uint32_t hole = 10000000;
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	send_bytes(&x, 1101 + hole, 100);
	send_bytes(&x, 1001, 100);
	send_bytes(&x, 1201 + hole, 100);
	assert_int_equal(stream_sent_bytes(&x.s), hole + 300);
	assert_int_equal(x.s.retrans_bytes, 100);
}

static void claims_that_disagree_do_not_confirm_each_other(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 0);
	send_bytes(&x, 900000000, 100);
	send_bytes(&x, 500000000, 100);
	send_bytes(&x, 800000000, 100);
	acknowledge(&x, 300000000);
	assert_int_equal(stream_sent_bytes(&x.s), 0);
	assert_int_equal(x.s.ignored, 3);
}

/* Each packet farther than a window from the one before: only the order tells. */
static void a_capture_that_was_thinned_out_goes_on(void **state)
{
	struct scene x = begun();

	(void)state;
	for (uint32_t i = 0; i <= 6; i++)
		send_bytes(&x, 1001 + i * 1000000, 100);
	assert_int_equal(stream_sent_bytes(&x.s), 6000100);
}

/* Past half of the numbers only a time stamp tells what is ahead. */
static void a_hole_of_three_gigabytes_is_known_from_time_stamps(void **state)
{
	const uint32_t hole = 3000000000u;
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 60000);
	send_bytes(&x, 61001, 60000);
	acknowledge(&x, 121001);
	x.is_newer = true;
	send_bytes(&x, 121001 + hole, 100);
	acknowledge(&x, 121101 + hole);
	assert_true(stream_sent_bytes(&x.s) == 120100ull + hole);
	assert_true(stream_acked_bytes(&x.s) == 120100ull + hole);
	x = begun();
	send_bytes(&x, 1001, 60000);
	send_bytes(&x, 61001, 60000);
	acknowledge(&x, 121001);
	send_bytes(&x, 1001, 100); /* without, it is old */
	assert_int_equal(stream_sent_bytes(&x.s), 120000);
}

static enum stream_reset reset_of(const struct scene *x, uint32_t seq)
{
	const struct stream_peer peer = peer_of(x);

	return stream_judge_reset(&x->s, seq, &peer);
}

static void a_reset_must_be_between_what_is_acknowledged_and_what_is_sent(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	acknowledge(&x, 1051);
	assert_int_equal(reset_of(&x, 1050), STREAM_RESET_IGNORED);
	assert_int_equal(reset_of(&x, 1051), STREAM_RESET_SURE);
	assert_int_equal(reset_of(&x, 1101), STREAM_RESET_SURE);
	assert_int_equal(reset_of(&x, 1102), STREAM_RESET_POSSIBLE);
	assert_int_equal(reset_of(&x, 1101 + OPEN), STREAM_RESET_POSSIBLE);
	assert_int_equal(reset_of(&x, 1102 + OPEN), STREAM_RESET_IGNORED);
	send_flags(&x, FIN | ACK, 1101, 0);
	assert_int_equal(reset_of(&x, 1102), STREAM_RESET_SURE);
	assert_int_equal(reset_of(&x, 1103), STREAM_RESET_IGNORED);
}

static void who_believes_a_reset_had_all_before_it(void **state)
{
	struct scene x = begun();

	(void)state;
	send_bytes(&x, 1001, 100);
	stream_settle(&x.s, 1101);
	assert_int_equal(stream_acked_bytes(&x.s), 100);
	x = begun();
	send_bytes(&x, 1001, 100);
	send_bytes(&x, 1001, 100); /* in vain */
	stream_settle(&x.s, 1101);
	assert_int_equal(stream_acked_bytes(&x.s), 0);
	send_bytes(&x, 1101, 100);
	acknowledge(&x, 1101); /* not in vain, after all */
	stream_settle(&x.s, 1201);
	assert_int_equal(stream_acked_bytes(&x.s), 200);
}

/* The first acknowledgement of it was damaged, or captured before a hole. */
static void a_sender_knows_best_where_it_begins(void **state)
{
	struct scene x = begun();

	(void)state;
	acknowledge(&x, 1001);
	send_bytes(&x, 1500000000, 100);
	acknowledge(&x, 1500000100);
	send_bytes(&x, 1500000100, 100);
	assert_int_equal(stream_sent_bytes(&x.s), 200);
	assert_int_equal(stream_acked_bytes(&x.s), 100);
}

/* Of a sender that was not captured, all is known from the other side. */
static void the_fin_of_an_unseen_sender_is_no_byte(void **state)
{
	struct scene x = begun();

	(void)state;
	acknowledge(&x, 1101);
	stream_guess_fin(&x.s, false); /* went on by 100: not it */
	assert_int_equal(stream_sent_bytes(&x.s), 100);
	acknowledge(&x, 1102);
	stream_guess_fin(&x.s, false);
	assert_true(x.s.has_fin && x.s.fin_is_acked);
	assert_int_equal(stream_sent_bytes(&x.s), 100);
	assert_int_equal(x.s.missed_bytes, 100);
	acknowledge(&x, 1202); /* it was a byte */
	assert_false(x.s.has_fin);
	assert_int_equal(stream_sent_bytes(&x.s), 201);
	assert_int_equal(x.s.missed_bytes, 201);
	stream_guess_fin(&x.s, true); /* what comes after the other side has closed ends with it */
	assert_true(x.s.has_fin);
	assert_int_equal(stream_acked_bytes(&x.s), 200);
	send_bytes(&x, 1202, 10); /* which it did not, and it is there, after all */
	assert_int_equal(stream_sent_bytes(&x.s), 211);
	stream_guess_fin(&x.s, true);
	assert_false(x.s.has_fin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_in_order_are_counted_once),
		cmocka_unit_test(a_retransmission_is_counted_apart),
		cmocka_unit_test(only_the_old_part_of_a_segment_is_retransmitted),
		cmocka_unit_test(a_segment_out_of_order_is_no_retransmission),
		cmocka_unit_test(a_gap_filled_later_was_lost_before_it_came_here),
		cmocka_unit_test(a_gap_can_be_filled_from_its_middle),
		cmocka_unit_test(what_the_capture_lost_is_known_from_the_acknowledgement),
		cmocka_unit_test(data_captured_after_its_acknowledgement_is_no_retransmission),
		cmocka_unit_test(five_gigabytes_are_counted_over_the_wrap),
		cmocka_unit_test(keepalives_are_neither_data_nor_retransmissions),
		cmocka_unit_test(the_retransmission_of_one_byte_is_no_keepalive),
		cmocka_unit_test(window_probes_are_not_data_until_they_are_taken),
		cmocka_unit_test(a_probe_that_is_taken_is_a_byte_sent),
		cmocka_unit_test(a_fin_is_no_byte),
		cmocka_unit_test(a_fin_again_is_a_retransmission_of_no_bytes),
		cmocka_unit_test(a_fin_captured_after_its_acknowledgement_is_still_no_byte),
		cmocka_unit_test(a_fin_before_the_last_byte_is_not_of_this_sender),
		cmocka_unit_test(data_lost_before_a_fin_is_known_from_it),
		cmocka_unit_test(nothing_comes_after_a_fin),
		cmocka_unit_test(numbers_are_near_up_to_the_window_and_then_far),
		cmocka_unit_test(what_is_far_counts_when_the_sender_goes_on_there),
		cmocka_unit_test(what_is_far_counts_when_the_peer_acknowledges_it),
		cmocka_unit_test(what_is_far_counts_nowhere_when_the_sender_goes_on_here),
		cmocka_unit_test(a_retransmission_refutes_nothing),
		cmocka_unit_test(claims_that_disagree_do_not_confirm_each_other),
		cmocka_unit_test(a_capture_that_was_thinned_out_goes_on),
		cmocka_unit_test(a_hole_of_three_gigabytes_is_known_from_time_stamps),
		cmocka_unit_test(a_reset_must_be_between_what_is_acknowledged_and_what_is_sent),
		cmocka_unit_test(who_believes_a_reset_had_all_before_it),
		cmocka_unit_test(a_sender_knows_best_where_it_begins),
		cmocka_unit_test(the_fin_of_an_unseen_sender_is_no_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
