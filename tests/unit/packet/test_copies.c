// SPDX-License-Identifier: BSD-2-Clause
#include "packet/copies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packets.h"

#define T0 (1000 * SECOND)

static const struct hash_key key = {{3, 4}};

static struct packet data(void)
{
	struct packet p = packet_of((struct segment)C(ACK, 1001, 5001, 100), T0);

	p.ip_id = 77;
	p.options = PACKET_TIMESTAMP;
	p.tsval = 12345;
	return p;
}

/* Was `second` taken for a copy of `first`? */
static bool is_copy(struct packet first, struct packet second)
{
	struct copies *c = copies_new(50 * MS, &key);
	bool copy;

	assert_non_null(c);
	assert_false(copies_has_seen(c, &first));
	copy = copies_has_seen(c, &second);
	copies_free(c);
	return copy;
}

static void the_same_packet_on_another_interface_is_a_copy(void **state)
{
	struct packet first = data(), second = data();

	(void)state;
	second.time_ns += 30000;
	second.ifindex = 3;
	second.way = PACKET_WAY_OUT;
	second.ecn = 3; /* routers may mark congestion */
	second.ip_at = 18; /* and add a VLAN tag */
	assert_true(is_copy(first, second));
}

static void a_copy_may_be_captured_first(void **state)
{
	struct packet first = data(), second = data();

	(void)state;
	second.time_ns -= 30000;
	assert_true(is_copy(first, second));
}

static void whatever_the_sender_wrote_anew_makes_a_retransmission(void **state)
{
	struct packet second = data();

	(void)state;
	second.ip_id++;
	assert_false(is_copy(data(), second));
	second = data();
	second.tsval++;
	assert_false(is_copy(data(), second));
	second = data();
	second.window++;
	assert_false(is_copy(data(), second));
	second = data();
	second.ack++;
	assert_false(is_copy(data(), second));
	second = data();
	second.payload_len++;
	assert_false(is_copy(data(), second));
	second = data();
	second.flags |= TCP_PSH;
	assert_false(is_copy(data(), second));
	second = data();
	second.src_port++;
	assert_false(is_copy(data(), second));
	second = data();
	second.seq++;
	assert_false(is_copy(data(), second));
}

static void the_same_bytes_after_the_window_are_a_retransmission(void **state)
{
	struct packet second = data();

	(void)state;
	second.time_ns += 50 * MS;
	assert_true(is_copy(data(), second));
	second.time_ns++;
	assert_false(is_copy(data(), second));
}

static void without_a_mark_of_its_sender_the_window_is_shorter(void **state)
{
	struct packet first = data(), second;

	(void)state;
	first.ip_id = 0;
	first.options = 0;
	first.tsval = 0;
	second = first;
	second.time_ns += 1 * MS;
	assert_true(is_copy(first, second));
	second.time_ns++;
	assert_false(is_copy(first, second));
}

/* Linux leaves the identification of a SYN/ACK zero, and a second passes before it repeats one. */
static void a_syn_ack_without_a_mark_has_the_whole_window(void **state)
{
	struct packet first = packet_of((struct segment)S(SYN | ACK, 5000, 1001), T0), second = first;

	(void)state;
	second.time_ns += 40 * MS;
	assert_true(is_copy(first, second));
	second.time_ns = T0 + SECOND;
	assert_false(is_copy(first, second));
}

static void icmp_errors_are_copied_like_segments(void **state)
{
	struct packet first = packet_of((struct segment)ICMP_TO_C(3, 1, 1000), T0), second = first;

	(void)state;
	first.ip_id = second.ip_id = 9;
	second.time_ns += 1000;
	assert_true(is_copy(first, second));
	second.icmp_code = 3;
	assert_false(is_copy(first, second));
}

/* A burst of offloaded segments passes one interface before the first of them passes the next. */
static void copies_are_found_behind_a_burst(void **state)
{
	enum { BURST = 64 };
	struct copies *c = copies_new(50 * MS, &key);
	struct packet p = data();

	(void)state;
	for (unsigned int i = 0; i < BURST; i++, p.seq += 100, p.ip_id++)
		assert_false(copies_has_seen(c, &p));
	p = data();
	for (unsigned int i = 0; i < BURST; i++, p.seq += 100, p.ip_id++)
		assert_true(copies_has_seen(c, &p));
	copies_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_packet_on_another_interface_is_a_copy),
		cmocka_unit_test(a_copy_may_be_captured_first),
		cmocka_unit_test(whatever_the_sender_wrote_anew_makes_a_retransmission),
		cmocka_unit_test(the_same_bytes_after_the_window_are_a_retransmission),
		cmocka_unit_test(without_a_mark_of_its_sender_the_window_is_shorter),
		cmocka_unit_test(a_syn_ack_without_a_mark_has_the_whole_window),
		cmocka_unit_test(icmp_errors_are_copied_like_segments),
		cmocka_unit_test(copies_are_found_behind_a_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
