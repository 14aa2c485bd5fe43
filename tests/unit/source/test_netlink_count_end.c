// SPDX-License-Identifier: BSD-2-Clause
/* The last byte counts, and the last state, from struct tcp_info of sockets that end. */
#include "source/netlink_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "count_model.h"
#include "source/netlink_diag.h"

static void story_passive_close(bool connects)
{
	struct model m = model_new(connects);

	app_write(&m, 300);
	net_send(&m, 300);
	net_receive(&m, 800);
	net_receive_fin(&m, ST_CLOSE_WAIT);
	app_read_all(&m);
	app_fin(&m, ST_LAST_ACK);
	net_send(&m, 1);
	net_ack_all(&m);
	assert_true(assert_final(&m, 0, false));
	assert_true(assert_final(&m, ST_ESTABLISHED, false));
	assert_true(assert_final(&m, ST_CLOSE_WAIT, false));
}

static void closed_after_the_peer(void **state)
{
	(void)state;
	for_both_roles(story_passive_close);
}

static void story_active_close(bool connects)
{
	struct model m = model_new(connects);

	app_write(&m, 300);
	net_send(&m, 300);
	net_receive(&m, 800);
	app_read_all(&m);
	app_fin(&m, ST_FIN_WAIT1);
	net_send(&m, 1);
	net_ack_all(&m);
	/* Nobody holds it: a stand-in waits for the peer's FIN, and this socket is done. */
	assert_true(assert_final(&m, ST_ESTABLISHED, true));
	/* Or the FIN came with the acknowledgement of ours, and is never read. */
	net_receive_fin(&m, ST_TIME_WAIT);
	assert_true(assert_final(&m, ST_ESTABLISHED, false));
}

static void closed_before_the_peer(void **state)
{
	(void)state;
	for_both_roles(story_active_close);
}

static void story_unread(bool connects)
{
	struct model m = model_new(connects);

	app_write(&m, 300);
	net_send(&m, 300);
	net_ack_all(&m);
	net_receive(&m, 800);
	/* close() with unread data resets: no FIN of either side. */
	assert_false(assert_final(&m, ST_ESTABLISHED, false));
	assert_false(assert_final(&m, 0, false));
}

static void reset_with_unread_data(void **state)
{
	(void)state;
	for_both_roles(story_unread);
}

static void story_reset_unsent(bool connects)
{
	struct model m = model_new(connects);

	app_write(&m, 90000);
	net_send(&m, 20000);
	net_ack(&m, 5000);
	assert_false(assert_final(&m, ST_ESTABLISHED, false));
	app_fin(&m, ST_FIN_WAIT1);
	assert_false(assert_final(&m, ST_FIN_WAIT1, false));
}

static void reset_before_all_was_sent(void **state)
{
	(void)state;
	for_both_roles(story_reset_unsent);
}

static void story_cut_behind_fin(bool connects)
{
	struct model m = model_new(connects);

	app_write(&m, 700);
	net_send(&m, 700);
	net_receive_fin(&m, ST_CLOSE_WAIT);
	assert_false(assert_final(&m, 0, false));
	assert_false(assert_final(&m, ST_ESTABLISHED, false));
}

static void reset_after_a_fin_that_was_all_that_came(void **state)
{
	(void)state;
	for_both_roles(story_cut_behind_fin);
}

static void an_attempt_that_failed(void **state)
{
	struct diag d = {.state = ST_CLOSE, .send_queue = 1, .has_info = true};
	struct count_end end = {.role = ROLE_CONNECT, .last_state = ST_SYN_SENT};
	struct ev_count c;

	(void)state;
	assert_false(count_final(&d, &end, &c));
	assert_int_equal(c.tx_bytes, 0);
	assert_int_equal(c.rx_bytes, 0);
}

static uint8_t left_in(const struct model *m, struct count_end end)
{
	struct diag d = notice(m);

	end.role = role_of(m);
	return count_last_state(&d, &end);
}

static void story_last_state(bool connects)
{
	struct model m = model_new(connects);

	app_write(&m, 300);
	net_send(&m, 300);
	net_receive(&m, 800);
	/* Cut: what was seen of it before says which of two states it was. */
	assert_int_equal(left_in(&m, (struct count_end){0}), ST_ESTABLISHED);
	assert_int_equal(left_in(&m, (struct count_end){.last_state = ST_CLOSE_WAIT}), ST_CLOSE_WAIT);
	app_read_all(&m);
	app_fin(&m, ST_FIN_WAIT1);
	net_send(&m, 1);
	/* It was seen as established, and has sent a FIN since: no reset. */
	assert_int_equal(left_in(&m, (struct count_end){.last_state = ST_ESTABLISHED}), ST_FIN_WAIT1);
	net_ack_all(&m);
	assert_int_equal(left_in(&m, (struct count_end){.closed_first = true}), ST_FIN_WAIT2);
	net_receive_fin(&m, ST_CLOSING);
	assert_int_equal(left_in(&m, (struct count_end){.last_state = ST_CLOSE_WAIT}), ST_LAST_ACK);
}

static void the_last_state_follows_from_the_counters(void **state)
{
	struct model m = model_new(true);

	(void)state;
	for_both_roles(story_last_state);
	/* A SYN that nobody answered. */
	m.acked = 0;
	m.write_seq = m.snd_nxt = m.snd_una + 1;
	assert_int_equal(left_in(&m, (struct count_end){0}), ST_SYN_SENT);
	/* Dropped on its way out: nothing can be told. */
	m = model_new(true);
	net_send(&m, 0);
	m.sent += 1448;
	assert_int_equal(left_in(&m, (struct count_end){.last_state = ST_ESTABLISHED}), ST_CLOSE);
}

static struct count_end end_of(uint8_t last_state, bool closed_first, bool fin_awaited)
{
	return (struct count_end){.role = ROLE_CONNECT,
				  .last_state = last_state,
				  .closed_first = closed_first,
				  .fin_awaited = fin_awaited};
}

static void a_fin_that_left_no_trace_is_unsure(void **state)
{
	struct diag d = {.info = {.tcpi_bytes_acked = 101,
				  .tcpi_bytes_sent = 100,
				  .tcpi_bytes_received = 50,
				  .tcpi_data_segs_in = 1}};
	struct count_end cut = end_of(ST_ESTABLISHED, false, false);
	struct count_end seen = end_of(ST_CLOSE_WAIT, false, false);

	(void)state;
	assert_true(count_is_unsure(&d, &cut));
	assert_false(count_is_unsure(&d, &seen));
	/* All that came was a FIN. */
	d.info.tcpi_data_segs_in = 0;
	assert_false(count_is_unsure(&d, &cut));
}

static void whose_stand_in_got_the_fin_is_unsure(void **state)
{
	struct diag d = {.info = {.tcpi_bytes_acked = 102,
				  .tcpi_bytes_sent = 100,
				  .tcpi_bytes_received = 50,
				  .tcpi_data_segs_in = 1}};
	struct count_end over = end_of(ST_ESTABLISHED, true, false);
	struct count_end awaits = end_of(ST_ESTABLISHED, true, true);
	struct count_end second = end_of(ST_ESTABLISHED, false, false);

	(void)state;
	assert_true(count_is_unsure(&d, &over));
	assert_false(count_is_unsure(&d, &awaits));
	assert_false(count_is_unsure(&d, &second));
	d.receive_queue = 1;
	assert_false(count_is_unsure(&d, &over));
}

static void an_erased_attempt_has_no_window_of_a_peer(void **state)
{
	struct diag d = {.send_queue = 3};

	(void)state;
	assert_true(count_never_connected(&d));
	d.send_queue = 3 + 65535;
	assert_false(count_never_connected(&d));
	d.send_queue = 0;
	assert_false(count_never_connected(&d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fin_that_left_no_trace_is_unsure),
		cmocka_unit_test(whose_stand_in_got_the_fin_is_unsure),
		cmocka_unit_test(an_erased_attempt_has_no_window_of_a_peer),
		cmocka_unit_test(closed_after_the_peer),
		cmocka_unit_test(closed_before_the_peer),
		cmocka_unit_test(reset_with_unread_data),
		cmocka_unit_test(reset_before_all_was_sent),
		cmocka_unit_test(reset_after_a_fin_that_was_all_that_came),
		cmocka_unit_test(an_attempt_that_failed),
		cmocka_unit_test(the_last_state_follows_from_the_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
