// SPDX-License-Identifier: BSD-2-Clause
/*
 * Byte counts from struct tcp_info, against a model of a socket that keeps the kernel's variables
 * (write_seq, snd_nxt, snd_una, rcv_nxt, copied_seq) the way RFC 9293 moves them: SYN and FIN take
 * a number each. The truth is what was given to app_write() and net_receive().
 */
#include "source/netlink_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "source/netlink_diag.h"

struct model {
	uint64_t write_seq, snd_nxt, snd_una, rcv_nxt, copied_seq;
	uint64_t acked, received, sent, retrans;
	uint64_t fin_at; /* sequence number of our FIN, 0: none */
	uint64_t app_wrote, peer_sent;
	bool connected;
	uint8_t state;
};

static struct model model_new(bool connects)
{
	struct model m = {.connected = connects, .state = ST_ESTABLISHED};

	m.write_seq = m.snd_nxt = m.snd_una = 1000;
	m.rcv_nxt = m.copied_seq = 5000;
	/* The SYN of the side that connects is acknowledged through tcp_ack(), that of the other in
	 * its request socket, before there is a struct tcp_sock. */
	m.acked = connects;
	return m;
}

static void app_write(struct model *m, uint64_t bytes)
{
	m->write_seq += bytes;
	m->app_wrote += bytes;
}

static void net_send(struct model *m, uint64_t numbers)
{
	uint64_t left = m->write_seq - m->snd_nxt;

	numbers = numbers < left ? numbers : left;
	m->snd_nxt += numbers;
	m->sent += numbers - (m->fin_at && m->snd_nxt > m->fin_at && numbers);
}

static void net_resend(struct model *m, uint64_t bytes)
{
	m->sent += bytes;
	m->retrans += bytes;
}

static void net_ack(struct model *m, uint64_t numbers)
{
	m->snd_una += numbers;
	m->acked += numbers;
}

static void net_ack_all(struct model *m)
{
	net_ack(m, m->snd_nxt - m->snd_una);
}

static void net_receive(struct model *m, uint64_t bytes)
{
	m->rcv_nxt += bytes;
	m->received += bytes;
	m->peer_sent += bytes;
}

static void net_receive_fin(struct model *m, uint8_t state)
{
	m->rcv_nxt++;
	m->received++;
	m->state = state;
}

static void app_read_all(struct model *m)
{
	m->copied_seq = m->rcv_nxt;
}

static void app_fin(struct model *m, uint8_t state)
{
	m->fin_at = m->write_seq++;
	m->state = state;
}

static struct diag look(const struct model *m)
{
	struct diag d = {.state = m->state, .has_info = true};

	d.send_queue = (uint32_t)(m->write_seq - m->snd_una);
	d.receive_queue = (uint32_t)(m->rcv_nxt - m->copied_seq);
	d.info.tcpi_bytes_acked = m->acked;
	d.info.tcpi_bytes_received = m->received;
	d.info.tcpi_data_segs_in = m->peer_sent != 0;
	d.info.tcpi_bytes_sent = m->sent;
	d.info.tcpi_bytes_retrans = m->retrans;
	d.info.tcpi_notsent_bytes = (uint32_t)(m->write_seq - m->snd_nxt);
	d.info.tcpi_min_rtt = ~0u;
	return d;
}

static struct diag notice(const struct model *m)
{
	struct diag d = look(m);

	d.state = ST_CLOSE;
	return d;
}

static uint8_t role_of(const struct model *m)
{
	return m->connected ? ROLE_CONNECT : ROLE_ACCEPT;
}

static void assert_live(const struct model *m, uint8_t role)
{
	struct diag d = look(m);
	struct ev_count c;

	count_live(&d, role, &c);
	assert_int_equal(c.tx_bytes, m->app_wrote);
	assert_int_equal(c.rx_bytes, m->peer_sent);
	assert_true(c.acked_bytes <= c.tx_bytes);
}

/* With the role known, and not known. */
static void assert_live_anyhow(const struct model *m)
{
	assert_live(m, role_of(m));
	assert_live(m, ROLE_UNKNOWN);
}

static bool assert_final(const struct model *m, uint8_t last_state, bool fin_awaited)
{
	struct count_end end = {role_of(m), last_state, fin_awaited};
	struct diag d = notice(m);
	struct ev_count c;
	bool orderly = count_final(&d, &end, &c);

	assert_int_equal(c.tx_bytes, m->app_wrote);
	assert_int_equal(c.rx_bytes, m->peer_sent);
	return orderly;
}

static void for_both_roles(void (*story)(bool connects))
{
	story(true);
	story(false);
}

static void story_live(bool connects)
{
	struct model m = model_new(connects);

	assert_live_anyhow(&m);
	app_write(&m, 70000);
	assert_live_anyhow(&m);
	net_send(&m, 30000);
	assert_live_anyhow(&m);
	net_ack(&m, 10000);
	net_resend(&m, 20000);
	assert_live_anyhow(&m);
	net_receive(&m, 123);
	net_send(&m, 40000);
	net_ack_all(&m);
	assert_live_anyhow(&m);
}

static void live_counts_are_exact_whatever_is_on_its_way(void **state)
{
	(void)state;
	for_both_roles(story_live);
}

static void story_our_fin(bool connects)
{
	struct model m = model_new(connects);

	app_write(&m, 5000);
	net_send(&m, 2000);
	app_fin(&m, ST_FIN_WAIT1);
	assert_live_anyhow(&m);
	net_send(&m, 3000);
	assert_live_anyhow(&m);
	net_send(&m, 1);
	assert_live_anyhow(&m);
	net_ack_all(&m);
	m.state = ST_FIN_WAIT2;
	assert_live_anyhow(&m);
	net_receive(&m, 77);
	assert_live_anyhow(&m);
}

static void a_fin_of_ours_is_no_byte_sent_or_unsent(void **state)
{
	(void)state;
	for_both_roles(story_our_fin);
}

static void story_peer_fin(bool connects)
{
	struct model m = model_new(connects);

	net_receive(&m, 900);
	net_receive_fin(&m, ST_CLOSE_WAIT);
	assert_live_anyhow(&m);
	app_write(&m, 10);
	app_fin(&m, ST_LAST_ACK);
	assert_live_anyhow(&m);
	net_send(&m, 11);
	assert_live_anyhow(&m);
}

static void a_fin_of_the_peer_is_no_byte_received(void **state)
{
	(void)state;
	for_both_roles(story_peer_fin);
}

static void story_role(bool connects)
{
	struct model m = model_new(connects);
	struct diag d = look(&m);

	assert_int_equal(count_role(&d), role_of(&m));
	app_write(&m, 100);
	net_send(&m, 100);
	d = look(&m);
	assert_int_equal(count_role(&d), ROLE_UNKNOWN);
	net_ack_all(&m);
	app_fin(&m, ST_FIN_WAIT1);
	net_send(&m, 1);
	net_ack_all(&m);
	m.state = ST_FIN_WAIT2;
	d = look(&m);
	assert_int_equal(count_role(&d), role_of(&m));
}

static void the_role_is_told_by_a_quiet_flow_only(void **state)
{
	(void)state;
	for_both_roles(story_role);
}

static void a_connecting_flow_has_sent_nothing(void **state)
{
	struct diag d = {.state = ST_SYN_SENT, .send_queue = 1, .has_info = true};
	struct ev_count c;

	(void)state;
	assert_int_equal(count_role(&d), ROLE_CONNECT);
	count_live(&d, ROLE_CONNECT, &c);
	assert_int_equal(c.tx_bytes, 0);
	assert_int_equal(c.acked_bytes, 0);
}

/* The send queue is read first; then an acknowledgement of 30000 comes; then the counters. */
static void a_torn_reading_never_counts_too_much(void **state)
{
	struct model m = model_new(true);
	struct diag d;
	struct ev_count c;
	uint32_t queue;

	(void)state;
	app_write(&m, 50000);
	net_send(&m, 50000);
	queue = look(&m).send_queue;
	net_ack(&m, 30000);
	d = look(&m);
	d.send_queue = queue;
	count_live(&d, ROLE_CONNECT, &c);
	assert_int_equal(c.tx_bytes, 50000);
}

/* A local firewall drops what was sent: the kernel counts bytes_sent again, but not as
 * retransmitted. */
static void a_local_drop_is_not_counted_twice(void **state)
{
	struct model m = model_new(false);
	struct diag d;
	struct ev_count c;

	(void)state;
	app_write(&m, 4000);
	net_send(&m, 4000);
	m.sent += 3 * 1448;
	d = look(&m);
	count_live(&d, ROLE_ACCEPT, &c);
	assert_int_equal(c.tx_bytes, 4000);
	assert_int_equal(count_control_numbers(&d), -1);
}

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
		cmocka_unit_test(live_counts_are_exact_whatever_is_on_its_way),
		cmocka_unit_test(a_fin_of_ours_is_no_byte_sent_or_unsent),
		cmocka_unit_test(a_fin_of_the_peer_is_no_byte_received),
		cmocka_unit_test(the_role_is_told_by_a_quiet_flow_only),
		cmocka_unit_test(a_connecting_flow_has_sent_nothing),
		cmocka_unit_test(a_torn_reading_never_counts_too_much),
		cmocka_unit_test(a_local_drop_is_not_counted_twice),
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
