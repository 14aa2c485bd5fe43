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
	second.ecn = 3;	   /* routers may mark congestion */
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

static struct packet unmarked(void)
{
	struct packet p = data();

	p.ip_id = 0; /* IPv6 */
	return p;
}

/* RFC 6298: the first SYN waits for a second. Linux sends SYN/ACKs without an identification. */
static void a_syn_or_syn_ack_is_not_sent_again_so_soon(void **state)
{
	struct packet syn = packet_of((struct segment)C(SYN, 1000), T0), again = syn;
	struct packet reply = packet_of((struct segment)S(SYN | ACK, 5000, 1001), T0 + MS);
	struct packet reply_again = reply;
	struct copies *c = copies_new(50 * MS, &key);

	(void)state;
	again.time_ns += 2000;
	reply_again.time_ns += 2000;
	assert_true(is_copy(syn, again));
	assert_true(is_copy(reply, reply_again));
	assert_false(copies_has_seen(c, &syn));
	assert_true(copies_has_seen(c, &again));
	for (int i = 0; i < 4; i++) {
		assert_int_equal(copies_has_seen(c, &reply), i > 0);
		reply.time_ns += 20000;
	}
	again.time_ns = T0 + SECOND;
	assert_false(copies_has_seen(c, &again));
	copies_free(c);
}

/* A listener answers each SYN, and its own timer may run out at about the same time. */
static void a_syn_ack_may_be_sent_again_when_the_syn_was(void **state)
{
	struct packet syn = packet_of((struct segment)C(SYN, 1000), T0);
	struct packet reply = packet_of((struct segment)S(SYN | ACK, 5000, 1001), T0 + MS);
	struct copies *c = copies_new(50 * MS, &key);

	(void)state;
	assert_false(copies_has_seen(c, &syn));
	assert_false(copies_has_seen(c, &reply));
	reply.time_ns = T0 + SECOND; /* its timer */
	assert_false(copies_has_seen(c, &reply));
	syn.time_ns = T0 + SECOND + 10 * MS;
	assert_false(copies_has_seen(c, &syn));
	reply.time_ns = T0 + SECOND + 11 * MS; /* the answer */
	assert_false(copies_has_seen(c, &reply));
	reply.time_ns += 1000; /* and its copy */
	assert_true(copies_has_seen(c, &reply));
	copies_free(c);
}

/* Wherever the hash of this run happens to lead: which is where that of a few others leads, too. */
static void a_few_syns_of_others_are_no_matter(void **state)
{
	(void)state;
	for (uint64_t run = 0; run < 500; run++) {
		const struct hash_key other = {{run, 4}};
		struct packet syn = packet_of((struct segment)C(SYN, 1000), T0), strange = syn;
		struct packet reply = packet_of((struct segment)S(SYN | ACK, 5000, 1001), T0 + MS);
		struct copies *c = copies_new(50 * MS, &other);

		assert_false(copies_has_seen(c, &syn));
		assert_false(copies_has_seen(c, &reply));
		syn.time_ns = T0 + 10 * MS;
		syn.tsval++;
		assert_false(copies_has_seen(c, &syn));
		for (uint16_t i = 1; i <= 16; i++) {
			strange.src_port = syn.src_port + i;
			strange.time_ns = T0 + (10 + i) * MS;
			assert_false(copies_has_seen(c, &strange));
		}
		reply.time_ns = T0 + 40 * MS;
		assert_false(copies_has_seen(c, &reply));
		copies_free(c);
	}
}

static void another_view_shows_no_copies(void **state)
{
	struct packet second = data();

	(void)state;
	second.view = 1;
	assert_false(is_copy(data(), second));
}

/* A lost segment can be sent again within one tick of its time stamp. */
static void without_a_mark_of_its_sender_nothing_is_called_a_copy(void **state)
{
	(void)state;
	assert_false(is_copy(unmarked(), unmarked()));
}

static void on_one_interface_in_one_direction_nothing_is_a_copy(void **state)
{
	struct packet first = data(), second;

	(void)state;
	first.ifindex = 3;
	first.way = PACKET_WAY_OUT;
	second = first;
	assert_false(is_copy(first, second));
	second.way = PACKET_WAY_IN;
	assert_true(is_copy(first, second));
	second = first;
	second.ifindex = 4;
	assert_true(is_copy(first, second));
}

static void another_interface_or_direction_is_mark_enough(void **state)
{
	struct packet first = unmarked(), second;

	(void)state;
	first.ifindex = 3;
	second = first;
	second.ifindex = 4;
	assert_true(is_copy(first, second));
	first = second = unmarked();
	first.way = PACKET_WAY_IN;
	second.way = PACKET_WAY_OUT;
	assert_true(is_copy(first, second));
}

/* A retransmission on its way through two interfaces: seen four times, sent twice. */
static void each_transmission_has_its_own_copies(void **state)
{
	struct copies *c = copies_new(50 * MS, &key);
	struct packet in = unmarked(), out = unmarked();

	(void)state;
	in.ifindex = 1;
	out.ifindex = 2;
	assert_false(copies_has_seen(c, &in));
	assert_true(copies_has_seen(c, &out));
	assert_false(copies_has_seen(c, &in));
	assert_true(copies_has_seen(c, &out));
	copies_free(c);
}

static unsigned int copies_among(unsigned int count, unsigned int repeat_every)
{
	struct copies *c = copies_new(50 * MS, &key);
	struct packet p = unmarked();
	unsigned int found = 0;

	for (unsigned int i = 0; i < count; i++, p.seq += 100) {
		found += copies_has_seen(c, &p);
		if (i % repeat_every == 0)
			found += copies_has_seen(c, &p);
	}
	copies_free(c);
	return found;
}

static void a_capture_that_shows_all_twice_is_understood_soon(void **state)
{
	(void)state;
	assert_in_range(copies_among(10000, 1), 10000 - 8, 10000);
	assert_int_equal(copies_among(10000, 3), 0); /* a quarter are repeated: heavy loss */
}

static void a_capture_may_begin_to_show_all_twice(void **state)
{
	struct copies *c = copies_new(50 * MS, &key);
	struct packet p = unmarked();
	unsigned int found = 0;

	(void)state;
	for (unsigned int i = 0; i < 100000; i++, p.seq += 100)
		assert_false(copies_has_seen(c, &p));
	for (unsigned int i = 0; i < 20000; i++, p.seq += 100) {
		assert_false(copies_has_seen(c, &p));
		found += copies_has_seen(c, &p);
	}
	assert_in_range(found, 20000 - 4096, 20000);
	copies_free(c);
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
		cmocka_unit_test(a_syn_or_syn_ack_is_not_sent_again_so_soon),
		cmocka_unit_test(a_syn_ack_may_be_sent_again_when_the_syn_was),
		cmocka_unit_test(a_few_syns_of_others_are_no_matter),
		cmocka_unit_test(another_view_shows_no_copies),
		cmocka_unit_test(without_a_mark_of_its_sender_nothing_is_called_a_copy),
		cmocka_unit_test(on_one_interface_in_one_direction_nothing_is_a_copy),
		cmocka_unit_test(another_interface_or_direction_is_mark_enough),
		cmocka_unit_test(each_transmission_has_its_own_copies),
		cmocka_unit_test(a_capture_that_shows_all_twice_is_understood_soon),
		cmocka_unit_test(a_capture_may_begin_to_show_all_twice),
		cmocka_unit_test(icmp_errors_are_copied_like_segments),
		cmocka_unit_test(copies_are_found_behind_a_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
