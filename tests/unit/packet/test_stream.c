// SPDX-License-Identifier: BSD-2-Clause
/* Which bytes count, once, and which were sent again. */
#include "packet/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stream_scene.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
