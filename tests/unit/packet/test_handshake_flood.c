// SPDX-License-Identifier: BSD-2-Clause
/*
 * Floods against a small table, with real clients in between. What is expected follows from the
 * numbers the test itself sends; what the table promises stands in handshake_table.h.
 */
#include <malloc.h>

#include "reports.h"

#define T0 (1000 * SECOND)

enum { LIMIT = 1024 };

/* Packets of the flood come a microsecond apart, each pair of addresses once. */
struct flood {
	struct reports r;
	uint64_t now_ns;
	uint32_t sent;
};

static void flood_begin(struct flood *f)
{
	reports_begin(&f->r, LIMIT);
	f->now_ns = T0;
	f->sent = 0;
}

static void feed_from(struct flood *f, uint32_t attacker, struct segment s)
{
	struct packet p = packet_of(s, f->now_ns);
	struct addr *spoofed = s.from == 'C' || s.from == 'c' ? &p.src : &p.dst;

	spoofed->word_be[0] = 0x20;
	spoofed->word_be[3] = attacker;
	f->now_ns += 1000;
	handshake_table_feed(f->r.table, &p);
}

static void flood_syns(struct flood *f, uint32_t count)
{
	while (count--)
		feed_from(f, ++f->sent, (struct segment)C(SYN, f->sent * 7919));
}

static void flood_answered_syns(struct flood *f, uint32_t count)
{
	while (count--) {
		uint32_t isn = ++f->sent * 7919;

		feed_from(f, f->sent, (struct segment)C(SYN, isn));
		feed_from(f, f->sent, (struct segment)S(SYN | ACK, ~isn, isn + 1));
	}
}

static void flood_syns_with_errors(struct flood *f, uint32_t count)
{
	while (count--) {
		uint32_t isn = ++f->sent * 7919;

		feed_from(f, f->sent, (struct segment)C(SYN, isn));
		feed_from(f, f->sent, (struct segment)ICMP_TO_C(3, 1, isn));
	}
}

static void flood_syns_with_acks(struct flood *f, uint32_t count)
{
	while (count--) {
		uint32_t isn = ++f->sent * 7919;

		feed_from(f, f->sent, (struct segment)C(SYN, isn));
		feed_from(f, f->sent, (struct segment)C(ACK, isn + 1, 1));
	}
}

static void flood_backscatter(struct flood *f, uint32_t count)
{
	while (count--)
		feed_from(f, ++f->sent, (struct segment)S(SYN | ACK, f->sent * 7919, f->sent));
}

/* A client with `id` that the flood does not use, while `count` of the flood come each way. */
static void real_client(struct flood *f, uint32_t id, void (*meanwhile)(struct flood *, uint32_t),
			uint32_t count)
{
	struct packet p;

	for (int i = 0; i < 3; i++) {
		static const struct segment scene[] = {C(SYN, 1000), S(SYN | ACK, 5000, 1001),
						       C(ACK, 1001, 5001)};

		p = packet_of(scene[i], f->now_ns);
		*(i == 1 ? &p.dst_port : &p.src_port) = (uint16_t)id;
		(i == 1 ? &p.dst : &p.src)->word_be[0] = 0x30;
		(i == 1 ? &p.dst : &p.src)->word_be[3] = id;
		handshake_table_feed(f->r.table, &p);
		if (i < 2)
			meanwhile(f, count);
	}
}

static void expect_all_established(void (*flood)(struct flood *, uint32_t), uint32_t count)
{
	enum { CLIENTS = 200 };
	struct flood f;

	flood_begin(&f);
	flood(&f, 3 * LIMIT);
	for (uint32_t id = 1; id <= CLIENTS; id++) {
		uint64_t before = f.r.outcomes[HANDSHAKE_ESTABLISHED];

		real_client(&f, id, flood, count);
		assert_true(f.r.outcomes[HANDSHAKE_ESTABLISHED] > before);
		assert_int_equal(f.r.h[(f.r.count - 1) % REPORTS_KEPT].outcome,
				 HANDSHAKE_ESTABLISHED);
		assert_int_equal(f.r.h[(f.r.count - 1) % REPORTS_KEPT].client.addr.word_be[3], id);
		assert_in_range(handshake_table_pending(f.r.table), 0, LIMIT);
	}
	assert_accounts_balance(&f.r);
	handshake_table_free(f.r.table);
}

static void real_clients_are_reported_in_a_flood_of_syns(void **state)
{
	(void)state;
	expect_all_established(flood_syns, LIMIT / 2 - 1);
}

static void real_clients_are_reported_in_a_flood_that_is_answered(void **state)
{
	(void)state;
	expect_all_established(flood_answered_syns, LIMIT / 8 - 1);
}

static void real_clients_are_reported_in_a_flood_of_backscatter(void **state)
{
	(void)state;
	expect_all_established(flood_backscatter, LIMIT / 2 - 1);
}

static void real_clients_are_reported_in_a_flood_with_icmp_errors(void **state)
{
	(void)state;
	expect_all_established(flood_syns_with_errors, LIMIT / 8 - 1);
}

static void real_clients_are_reported_in_a_flood_with_acks(void **state)
{
	(void)state;
	expect_all_established(flood_syns_with_acks, LIMIT / 8 - 1);
}

/* Even when the SYN is long gone, the SYN/ACK begins the handshake again. */
static void a_client_slower_than_the_flood_is_reported_without_its_syn(void **state)
{
	struct flood f;
	struct packet p;

	(void)state;
	flood_begin(&f);
	p = packet_of((struct segment)C(SYN, 1000), f.now_ns);
	handshake_table_feed(f.r.table, &p);
	flood_syns(&f, 5 * LIMIT);
	p = packet_of((struct segment)S(SYN | ACK, 5000, 1001), f.now_ns);
	handshake_table_feed(f.r.table, &p);
	p = packet_of((struct segment)C(ACK, 1001, 5001), f.now_ns);
	handshake_table_feed(f.r.table, &p);
	assert_int_equal(f.r.count, 1);
	assert_outcome(&f.r, 0, HANDSHAKE_ESTABLISHED);
	assert_false(f.r.h[0].marks & HANDSHAKE_SAW_SYN);
	assert_accounts_balance(&f.r);
	handshake_table_free(f.r.table);
}

/* Whoever sends a SYN again is no flood. */
static void a_client_that_insists_outlives_a_flood(void **state)
{
	struct flood f;
	struct packet p;

	(void)state;
	flood_begin(&f);
	for (int i = 0; i < 2; i++) {
		p = packet_of((struct segment)C(SYN, 1000), f.now_ns);
		handshake_table_feed(f.r.table, &p);
	}
	flood_syns(&f, 20 * LIMIT);
	p = packet_of((struct segment)S(SYN | ACK, 5000, 1001), f.now_ns);
	handshake_table_feed(f.r.table, &p);
	p = packet_of((struct segment)C(ACK, 1001, 5001), f.now_ns);
	handshake_table_feed(f.r.table, &p);
	assert_outcome(&f.r, 0, HANDSHAKE_ESTABLISHED);
	assert_int_equal(f.r.h[0].dup_syn, 1);
	handshake_table_free(f.r.table);
}

static void evictions_are_counted(void **state)
{
	struct flood f;
	const struct handshake_counts *c;

	(void)state;
	flood_begin(&f);
	c = handshake_table_counts(f.r.table);
	flood_syns(&f, LIMIT);
	assert_int_equal(c->evicted_lonely, 0);
	flood_syns(&f, 100);
	assert_int_equal(c->evicted_lonely, 100);
	assert_int_equal(c->evicted_engaged, 0);
	assert_int_equal(c->begun, LIMIT + 100);
	assert_int_equal(f.r.count, 0);
	assert_int_equal(handshake_table_pending(f.r.table), LIMIT);
	handshake_table_free(f.r.table);
}

static void engaged_handshakes_outlive_a_flood_of_syns(void **state)
{
	struct flood f;

	(void)state;
	flood_begin(&f);
	flood_answered_syns(&f, LIMIT / 4);
	flood_syns(&f, 20 * LIMIT);
	assert_int_equal(handshake_table_counts(f.r.table)->evicted_engaged, 0);
	assert_int_equal(handshake_table_pending(f.r.table), LIMIT);
	handshake_table_free(f.r.table);
}

/* With a million half-open handshakes of every kind, nothing is allocated after the beginning. */
static void a_flood_allocates_nothing(void **state)
{
	struct mallinfo2 before, after;
	struct flood f;

	(void)state;
	flood_begin(&f);
	before = mallinfo2();
	flood_syns(&f, 400000);
	flood_answered_syns(&f, 100000);
	flood_backscatter(&f, 200000);
	flood_syns_with_errors(&f, 100000);
	flood_syns_with_acks(&f, 100000);
	after = mallinfo2();
	assert_int_equal(after.uordblks, before.uordblks);
	assert_int_equal(after.hblkhd, before.hblkhd);
	assert_int_equal(handshake_table_counts(f.r.table)->begun, f.sent);
	assert_accounts_balance(&f.r);
	handshake_table_free(f.r.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_clients_are_reported_in_a_flood_of_syns),
		cmocka_unit_test(real_clients_are_reported_in_a_flood_that_is_answered),
		cmocka_unit_test(real_clients_are_reported_in_a_flood_of_backscatter),
		cmocka_unit_test(real_clients_are_reported_in_a_flood_with_icmp_errors),
		cmocka_unit_test(real_clients_are_reported_in_a_flood_with_acks),
		cmocka_unit_test(a_client_slower_than_the_flood_is_reported_without_its_syn),
		cmocka_unit_test(a_client_that_insists_outlives_a_flood),
		cmocka_unit_test(evictions_are_counted),
		cmocka_unit_test(engaged_handshakes_outlive_a_flood_of_syns),
		cmocka_unit_test(a_flood_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
