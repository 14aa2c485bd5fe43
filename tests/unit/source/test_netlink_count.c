// SPDX-License-Identifier: BSD-2-Clause
/* Byte counts from struct tcp_info of sockets that live, against a model of a socket. */
#include "source/netlink_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "count_model.h"
#include "source/netlink_diag.h"

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

/* The state is read first; then the peer's FIN comes, and is counted; then the counters are read. */
static void a_fin_that_tears_a_reading_is_no_byte(void **state)
{
	struct model m = model_new(false);
	struct ev_count c;
	struct diag d;

	(void)state;
	net_receive(&m, 900);
	net_receive_fin(&m, ST_CLOSE_WAIT);
	d = look(&m);
	d.state = ST_ESTABLISHED;
	d.info.tcpi_state = ST_CLOSE_WAIT;
	count_live(&d, ROLE_ACCEPT, &c);
	assert_int_equal(c.rx_bytes, 900);
	/* Both looks at the state may come before. Then the end knows better, if it knows. */
	d.info.tcpi_state = ST_ESTABLISHED;
	count_live(&d, ROLE_ACCEPT, &c);
	assert_int_equal(c.rx_bytes, 901);
	assert_int_equal(count_received(901, 900, true), 900);
	assert_int_equal(count_received(901, 900, false), 901);
	assert_int_equal(count_received(902, 900, true), 902);
	assert_int_equal(count_received(900, 901, true), 901);
}

/* Our FIN is acknowledged between: it would be taken for the SYN of a side that connected. */
static void a_close_that_tears_a_reading_tells_no_role(void **state)
{
	struct model m = model_new(false);
	struct diag d;

	(void)state;
	net_receive(&m, 900);
	net_receive_fin(&m, ST_CLOSE_WAIT);
	app_fin(&m, ST_LAST_ACK);
	net_send(&m, 1);
	net_ack_all(&m);
	d = look(&m);
	d.state = ST_CLOSE_WAIT;
	d.info.tcpi_state = ST_LAST_ACK;
	assert_int_equal(count_role(&d), ROLE_UNKNOWN);
	d.state = ST_LAST_ACK;
	assert_int_equal(count_role(&d), ROLE_ACCEPT);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(live_counts_are_exact_whatever_is_on_its_way),
		cmocka_unit_test(a_fin_of_ours_is_no_byte_sent_or_unsent),
		cmocka_unit_test(a_fin_of_the_peer_is_no_byte_received),
		cmocka_unit_test(the_role_is_told_by_a_quiet_flow_only),
		cmocka_unit_test(a_connecting_flow_has_sent_nothing),
		cmocka_unit_test(a_torn_reading_never_counts_too_much),
		cmocka_unit_test(a_fin_that_tears_a_reading_is_no_byte),
		cmocka_unit_test(a_close_that_tears_a_reading_tells_no_role),
		cmocka_unit_test(a_local_drop_is_not_counted_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
