// SPDX-License-Identifier: BSD-2-Clause
#include "packet/tuple.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packets.h"

static const struct hash_key key = {{0x0123456789abcdef, 0xfedcba9876543210}};

static void both_ways_are_the_same_tuple(void **state)
{
	struct packet there = packet_of((struct segment)C(SYN, 1), 0);
	struct packet back = packet_of((struct segment)S(SYN, 1), 0);
	struct tuple a, b;

	(void)state;
	tuple_of_packet(&there, &a);
	tuple_of_packet(&back, &b);
	assert_true(tuple_is_equal(&a, &b));
	assert_int_equal(tuple_hash(&a, &key), tuple_hash(&b, &key));
}

static void ports_order_the_ends_where_addresses_are_equal(void **state)
{
	struct packet there = packet_of((struct segment)C(SYN, 1), 0), back = there;
	struct tuple a, b;

	(void)state;
	there.dst = there.src;
	back.dst = back.src;
	back.src_port = there.dst_port;
	back.dst_port = there.src_port;
	tuple_of_packet(&there, &a);
	tuple_of_packet(&back, &b);
	assert_true(tuple_is_equal(&a, &b));
	assert_int_equal(a.low.port, 80);
}

static void every_part_of_the_tuple_counts(void **state)
{
	struct packet p = packet_of((struct segment)C(SYN, 1), 0), q;
	struct tuple a, b;

	(void)state;
	tuple_of_packet(&p, &a);
	for (int part = 0; part < 4; part++) {
		q = p;
		q.src_port += part == 0;
		q.dst_port += part == 1;
		q.src.byte[0] += part == 2;
		q.dst.byte[15] += part == 3;
		tuple_of_packet(&q, &b);
		assert_false(tuple_is_equal(&a, &b));
		assert_int_not_equal(tuple_hash(&a, &key), tuple_hash(&b, &key));
	}
}

static void another_key_gives_another_hash(void **state)
{
	const struct hash_key other = {{0x0123456789abcdee, 0xfedcba9876543210}};
	struct packet p = packet_of((struct segment)C(SYN, 1), 0);
	struct tuple a;

	(void)state;
	tuple_of_packet(&p, &a);
	assert_int_not_equal(tuple_hash(&a, &key), tuple_hash(&a, &other));
}

/* CPython 3.11 hashes bytes with the same function; with PYTHONHASHSEED=0 its key is zero. */
static void the_hash_is_siphash_1_3(void **state)
{
	const uint64_t word[] = {1, 2, 3, 0xdeadbeefcafebabe, 5};
	const struct hash_key zero = {{0, 0}};

	(void)state;
	assert_true(hash_words(word, 5, &zero) == 0x9e349e66ea8eadcd);
	assert_true(hash_words(word, 1, &zero) == 0x1e9f734161d62dd9);
}

/* Ports and addresses that count up, as in a flood, must not fall into few buckets. */
static void hashes_of_neighbours_are_spread(void **state)
{
	enum { BUCKETS = 4096 };
	static unsigned int hits[BUCKETS];
	unsigned int empty = 0, most = 0;

	(void)state;
	for (unsigned int i = 0; i < BUCKETS; i++) {
		struct packet p = packet_of((struct segment)C(SYN, 1), 0);
		struct tuple t;

		p.src_port = (uint16_t)i;
		tuple_of_packet(&p, &t);
		hits[tuple_hash(&t, &key) % BUCKETS]++;
	}
	for (unsigned int i = 0; i < BUCKETS; i++) {
		empty += !hits[i];
		most = hits[i] > most ? hits[i] : most;
	}
	/* A perfectly random function leaves 1/e of the buckets empty. */
	assert_in_range(empty, BUCKETS * 33 / 100, BUCKETS * 41 / 100);
	assert_in_range(most, 2, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_are_the_same_tuple),
		cmocka_unit_test(ports_order_the_ends_where_addresses_are_equal),
		cmocka_unit_test(every_part_of_the_tuple_counts),
		cmocka_unit_test(another_key_gives_another_hash),
		cmocka_unit_test(the_hash_is_siphash_1_3),
		cmocka_unit_test(hashes_of_neighbours_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
