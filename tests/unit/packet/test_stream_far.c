// SPDX-License-Identifier: BSD-2-Clause
/* Numbers that are far from what was expected, resets, and a sender that was not captured. */
#include "packet/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stream_scene.h"

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
