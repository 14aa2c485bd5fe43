// SPDX-License-Identifier: BSD-2-Clause
/* One tuple in two networks, and in two views of one file: which are two connections? */
#include "talks.h"

struct place {
	uint32_t network[2]; /* of what the client sends, and the server */
	uint16_t view[2];
};

static void say_in(struct talks *t, const struct place *place, struct segment s)
{
	struct packet p = packet_of(s, t->now_ns += MS);

	p.network = place->network[s.from == 'S'];
	p.view = place->view[s.from == 'S'];
	conversation_table_feed(t->table, &p);
}

/* A connection of `len` bytes, answered with ten times as many, from these numbers on. */
#define STEPS 10

static struct segment step(int number, uint32_t c, uint32_t s, uint32_t len)
{
	const struct segment all[STEPS] = {
		C(SYN, c),
		S(SYN | ACK, s, c + 1),
		C(ACK, c + 1, s + 1),
		C(ACK, c + 1, s + 1, len),
		S(ACK, s + 1, c + 1 + len),
		S(ACK, s + 1, c + 1 + len, 10 * len),
		C(ACK, c + 1 + len, s + 1 + 10 * len),
		C(FIN | ACK, c + 1 + len, s + 1 + 10 * len),
		S(FIN | ACK, s + 1 + 10 * len, c + 2 + len),
		C(ACK, c + 2 + len, s + 2 + 10 * len),
	};

	return all[number];
}

static void assert_two_connections(struct talks *t)
{
	assert_int_equal(t->close_count, 2);
	for (int i = 0; i < 2; i++) {
		assert_end(&t->closed[i], CONVERSATION_FIN, "SF");
		assert_int_equal(t->closed[i].c.stream[SIDE_CLIENT].retrans_segs, 0);
		assert_int_equal(t->closed[i].c.stream[SIDE_SERVER].retrans_segs, 0);
	}
	talks_end(t);
}

static const struct place places[] = {
	{.network = {5, 5}}, {.network = {6, 6}}, {.network = {7, 7}},
	{.network = {8, 8}}, {.network = {9, 9}}, {.network = {0, 0}},
};
enum { PLACES = sizeof(places) / sizeof(places[0]) };

static void other_numbers_in_another_network_are_another_connection(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 64, 0);
	for (int i = 0; i < STEPS; i++)
		for (uint32_t k = 0; k < PLACES; k++)
			say_in(&t, &places[k],
			       step(i, 1000 + k * 70000000, 5000 + k * 90000000, 100 + k));
	assert_int_equal(t.close_count, PLACES);
	for (uint32_t k = 0; k < PLACES; k++) {
		assert_end(&t.closed[k], CONVERSATION_FIN, "SF");
		assert_bytes(&t.closed[k], 100 + k, 1000 + 10 * k);
	}
	talks_end(&t);
}

/* Whose a segment is that could belong to either, the network tells. */
static void numbers_near_each_other_are_told_apart_by_their_network(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	for (int i = 0; i < STEPS; i++) {
		say_in(&t, &places[0], step(i, 1000, 5000, 100));
		say_in(&t, &places[1], step(i, 3000, 9000, 200));
	}
	assert_bytes(&t.closed[0], 100, 1000);
	assert_bytes(&t.closed[1], 200, 2000);
	assert_two_connections(&t);
}

/* The same numbers are the same connection, on its way through a router: zeek/vlan-collisions.pcap
 * has its two directions in two networks. */
static void each_way_may_have_a_network_of_its_own(void **state)
{
	const struct place place = {.network = {5, 6}};
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	for (int i = 0; i < STEPS; i++)
		say_in(&t, &place, step(i, 1000, 5000, 100));
	assert_end(only_closed(&t), CONVERSATION_FIN, "SF");
	assert_bytes(&t.closed[0], 100, 1000);
	talks_end(&t);
}

static void a_tuple_used_again_in_its_network_replaces_only_what_was_there(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	for (int i = 0; i < 4; i++) {
		say_in(&t, &places[0], step(i, 1000, 5000, 100));
		say_in(&t, &places[1], step(i, 70000000, 90000000, 200));
	}
	for (int i = 0; i < 4; i++)
		say_in(&t, &places[0], step(i, 800000000, 900000000, 300));
	assert_end(only_closed(&t), CONVERSATION_REPLACED, "S1");
	assert_bytes(&t.closed[0], 100, 0);
	assert_int_equal(conversation_table_live(t.table), 2);
	talks_end(&t);
}

static const struct place one = {.view = {1, 1}}, two = {.view = {2, 2}};

static void what_two_views_show_is_there_twice(void **state)
{
	struct talks t;

	(void)state;
	for (int mixed = 0; mixed < 2; mixed++) {
		talks_begin(&t, 16, 0);
		for (int i = 0; i < 2 * STEPS; i++)
			say_in(&t, (mixed ? i % 2 : i / STEPS) ? &two : &one,
			       step(mixed ? i / 2 : i % STEPS, 1000, 5000, 100));
		assert_bytes(&t.closed[0], 100, 1000);
		assert_bytes(&t.closed[1], 100, 1000);
		assert_two_connections(&t);
	}
}

static void traffic_from_before_the_capture_is_there_twice_too(void **state)
{
	struct talks t;

	(void)state;
	talks_begin(&t, 16, 0);
	for (int i = 3; i < STEPS; i++) {
		say_in(&t, &one, step(i, 1000, 5000, 100));
		say_in(&t, &two, step(i, 1000, 5000, 100));
	}
	assert_two_connections(&t);
}

/* A tap shows one way on each of two interfaces, which may be of two kinds. */
static void each_way_may_have_a_view_of_its_own(void **state)
{
	const struct place tap = {.view = {1, 2}};
	struct talks t;

	(void)state;
	for (int first = 0; first < 4; first += 3) {
		talks_begin(&t, 16, 0);
		for (int i = first; i < STEPS; i++)
			say_in(&t, &tap, step(i, 1000, 5000, 100));
		assert_bytes(only_closed(&t), 100, 1000);
		assert_int_equal(t.closed[0].c.end, CONVERSATION_FIN);
		talks_end(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_numbers_in_another_network_are_another_connection),
		cmocka_unit_test(numbers_near_each_other_are_told_apart_by_their_network),
		cmocka_unit_test(each_way_may_have_a_network_of_its_own),
		cmocka_unit_test(a_tuple_used_again_in_its_network_replaces_only_what_was_there),
		cmocka_unit_test(what_two_views_show_is_there_twice),
		cmocka_unit_test(traffic_from_before_the_capture_is_there_twice_too),
		cmocka_unit_test(each_way_may_have_a_view_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
