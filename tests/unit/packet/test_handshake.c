// SPDX-License-Identifier: BSD-2-Clause
/*
 * One test for every row of the state table in packet/handshake.h: the segments before, the one in
 * question, and what it does. Each row runs four times: with the ISNs as written and with ISNs that
 * wrap at once, over IPv4 and over IPv6.
 */
#include "packet/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packets.h"

struct row {
	const char *name;
	struct segment before[6]; /* ended by from == 0 */
	struct segment last;
	enum handshake_step step;
	enum handshake_state state;
	enum handshake_outcome outcome; /* if concluded */
	const char *conn_state;
	uint32_t dup_syn, dup_syn_ack, challenge_acks;
	uint32_t marks;	   /* that must be set */
	uint32_t unmarked; /* that must not be set */
};

#define TAKEN(state) STEP_TAKEN, HANDSHAKE_##state, 0
#define FOREIGN(state) STEP_FOREIGN, HANDSHAKE_##state, 0
#define ENDS(outcome) STEP_CONCLUDED, HANDSHAKE_CONCLUDED, HANDSHAKE_##outcome

static const struct row rows[] = {
#include "handshake_rows.inc"
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

struct variant {
	uint32_t client_shift, server_shift; /* of the sequence numbers */
	bool ipv6;
};

static const struct variant variants[] = {
	{0, 0, false},
	{0u - 1001, 0u - 5001, false}, /* the ISN is the last number before zero */
	{0, 0, true},
	{0u - 1000, 0u - 5000, true},
};

static struct packet vary(struct segment s, const struct variant *v, uint64_t time_ns)
{
	bool from_client = s.from == 'C' || s.from == 'c';
	struct packet p = packet_of(s, time_ns);

	p.seq += from_client ? v->client_shift : v->server_shift;
	if (p.flags & TCP_ACK)
		p.ack += from_client ? v->server_shift : v->client_shift;
	if (v->ipv6) {
		p.family = 6;
		p.src.byte[0] = p.dst.byte[0] = 0xfd;
	}
	return p;
}

static void check_counts(const struct row *row, const struct handshake *h)
{
	assert_int_equal(h->dup_syn, row->dup_syn);
	assert_int_equal(h->dup_syn_ack, row->dup_syn_ack);
	assert_int_equal(h->challenge_acks, row->challenge_acks);
	assert_int_equal(h->marks & row->marks, row->marks);
	assert_int_equal(h->marks & row->unmarked, 0);
}

static void run(const struct row *row, const struct variant *v)
{
	const struct segment *s = row->before;
	uint64_t now_ns = 100 * SECOND;
	struct handshake h, before;
	enum handshake_step step;
	struct packet p = vary(*s, v, now_ns);

	assert_true(handshake_begin(&h, &p));
	for (s++; s->from; s++) {
		p = vary(*s, v, now_ns += 10 * MS);
		assert_int_not_equal(handshake_step(&h, &p), STEP_FOREIGN);
	}
	before = h;
	p = vary(row->last, v, now_ns += 10 * MS);
	step = handshake_step(&h, &p);
	assert_int_equal(step, row->step);
	assert_int_equal(h.state, row->state);
	if (step == STEP_FOREIGN)
		assert_memory_equal(&h, &before, sizeof(h));
	if (step == STEP_CONCLUDED)
		assert_string_equal(handshake_outcome_name(h.outcome),
				    handshake_outcome_name(row->outcome));
	assert_string_equal(handshake_conn_state(&h), row->conn_state);
	check_counts(row, &h);
}

static void check_row(void **state)
{
	const struct row *row = *state;

	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		run(row, &variants[i]);
}

static void every_outcome_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < HANDSHAKE_OUTCOME_COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(handshake_outcome_name((enum handshake_outcome)i),
						handshake_outcome_name((enum handshake_outcome)j));
	assert_string_equal(handshake_outcome_name(HANDSHAKE_OUTCOME_COUNT), "unknown");
}

int main(void)
{
	struct CMUnitTest tests[ROWS + 1];

	for (int i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	tests[ROWS] = (struct CMUnitTest)cmocka_unit_test(every_outcome_has_a_name_of_its_own);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
