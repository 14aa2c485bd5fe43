// SPDX-License-Identifier: BSD-2-Clause
/* Causes of retransmission as packets tell them: each rule, and what must not be taken for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packet/conversation.h"

#include "packets.h"

#define LEN 1000u
#define MS_NS 1000000ull

/* The client sends, the server acknowledges; times are milliseconds from the handshake on. */
struct scene {
	struct conversation c;
	struct handshake h;
	uint64_t base_ns;
	bool has_stamps;
	uint16_t window;
	uint32_t told; /* that the server echoes */
};

static void feed(struct scene *x, struct packet p)
{
	if (!x->base_ns)
		assert_true(conversation_begin(&x->c, &x->h, &p));
	else
		conversation_step(&x->c, &x->h, &p);
}

static struct scene begun(bool has_sack)
{
	const struct segment handshake[] = {C(SYN, 1000, 0, 0), S(SYN | ACK, 5000, 1001, 0),
					    C(ACK, 1001, 5001, 0)};
	struct scene x = {.window = 60000};

	for (unsigned int i = 0; i < 3; i++) {
		struct packet p = packet_of(handshake[i], SECOND + i * MS_NS);

		p.options = has_sack ? PACKET_SACK_PERMITTED : 0;
		feed(&x, p);
		x.base_ns = SECOND + 2 * MS_NS;
	}
	return x;
}

/* Segments `first` up to before `end` of LEN bytes, numbered from 0. */
static void sends(struct scene *x, unsigned int ms, uint32_t first, uint32_t end)
{
	for (; first < end; first++) {
		struct packet p = packet_of((struct segment)C(ACK, 1001 + first * LEN, 5001, LEN),
					    x->base_ns + ms * MS_NS);

		if (x->has_stamps) {
			p.options |= PACKET_TIMESTAMP;
			p.tsval = ms;
		}
		feed(x, p);
	}
}

struct answer {
	uint32_t acked, sacked; /* segments before; sacked: behind the farthest one, or 0 */
	uint32_t again;		/* segments that came twice */
	uint32_t echo;
};

static void answers(struct scene *x, unsigned int ms, struct answer a)
{
	struct packet p = packet_of((struct segment)S(ACK, 5001, 1001 + a.acked * LEN, 0),
				    x->base_ns + ms * MS_NS);

	p.window = x->window;
	if (a.sacked) {
		p.options |= PACKET_SACK;
		p.sack_end = 1001 + a.sacked * LEN;
	}
	p.dsack_len = a.again * LEN;
	if (x->has_stamps) {
		p.options |= PACKET_TIMESTAMP;
		p.tsecr = a.echo;
	}
	feed(x, p);
}
#define ANSWERS(x, ms, ...) answers(x, ms, (struct answer){__VA_ARGS__})

static void expect(const struct scene *x, enum ev_cause cause, uint32_t segs, uint32_t all)
{
	uint32_t by[CAUSE_COUNT], sum = 0;

	conversation_causes(&x->c, &x->h, SIDE_CLIENT, by);
	for (int i = 0; i < CAUSE_COUNT; i++)
		sum += by[i];
	assert_int_equal(by[cause], segs);
	assert_int_equal(sum, all);
	assert_int_equal(sum, conversation_retrans_segs(&x->c, &x->h, SIDE_CLIENT));
}

static void expect_needless(const struct scene *x, uint32_t segs)
{
	const struct resend *r = &x->c.resend[SIDE_CLIENT];

	assert_int_equal(r->dsacks > r->undone ? r->dsacks : r->undone, segs);
}

static void the_timer_and_what_it_repairs(void **state)
{
	struct scene x = begun(false);

	(void)state;
	sends(&x, 1, 0, 4);
	sends(&x, 210, 0, 1);
	expect(&x, CAUSE_RTO, 1, 1);
	ANSWERS(&x, 211, .acked = 1);
	sends(&x, 211, 1, 3);
	expect(&x, CAUSE_SLOW_START, 2, 3);
	/* The repair was lost as well. */
	sends(&x, 640, 1, 2);
	expect(&x, CAUSE_RTO, 2, 4);
	ANSWERS(&x, 641, .acked = 4);
	/* That is over. */
	sends(&x, 642, 4, 5);
	sends(&x, 850, 4, 5);
	expect(&x, CAUSE_RTO, 3, 5);
	expect_needless(&x, 0);
}

static void selective_acknowledgements(void **state)
{
	struct scene x = begun(true);

	(void)state;
	sends(&x, 1, 0, 10);
	ANSWERS(&x, 3, .acked = 2, .sacked = 6);
	sends(&x, 3, 2, 3);
	expect(&x, CAUSE_FAST, 1, 1);
	/* Of the same repair, after a wait for those that may have been overtaken. */
	ANSWERS(&x, 5, .acked = 3, .sacked = 6);
	sends(&x, 205, 3, 4);
	expect(&x, CAUSE_FAST, 2, 2);
	/* What was repaired is lost again, and only the timer notices. */
	sends(&x, 420, 3, 4);
	expect(&x, CAUSE_RTO, 1, 3);
}

static void three_duplicates(void **state)
{
	struct scene x = begun(false);

	(void)state;
	sends(&x, 1, 0, 10);
	ANSWERS(&x, 2, .acked = 2);
	for (unsigned int i = 0; i < 3; i++) {
		expect(&x, CAUSE_FAST, 0, 0);
		ANSWERS(&x, 3 + i, .acked = 2);
	}
	sends(&x, 6, 2, 3);
	expect(&x, CAUSE_FAST, 1, 1);
}

static void another_window_is_no_duplicate(void **state)
{
	struct scene x = begun(false);

	(void)state;
	sends(&x, 1, 0, 10);
	for (unsigned int i = 0; i < 5; i++) {
		ANSWERS(&x, 3 + i, .acked = 2);
		x.window++;
	}
	sends(&x, 8, 2, 3);
	expect(&x, CAUSE_OTHER, 1, 1);
}

static void one_probe_at_a_time(void **state)
{
	struct scene x = begun(true);

	(void)state;
	sends(&x, 1, 0, 3);
	sends(&x, 20, 2, 3);
	expect(&x, CAUSE_TLP, 1, 1);
	sends(&x, 230, 0, 1);
	expect(&x, CAUSE_RTO, 1, 2);
	ANSWERS(&x, 232, .acked = 3);
	/* Acknowledged with nothing behind it, a probe stands, until more is acknowledged. */
	sends(&x, 300, 3, 4);
	sends(&x, 510, 3, 4);
	expect(&x, CAUSE_TLP, 2, 3);
	ANSWERS(&x, 512, .acked = 4);
	sends(&x, 513, 4, 5);
	sends(&x, 730, 4, 5);
	expect(&x, CAUSE_RTO, 2, 4);
	ANSWERS(&x, 732, .acked = 5);
	sends(&x, 733, 5, 6);
	sends(&x, 943, 5, 6);
	expect(&x, CAUSE_TLP, 3, 5);
	/* The peer had it twice: the probe was not needed, and the next may go. */
	ANSWERS(&x, 945, .acked = 6, .again = 1);
	sends(&x, 946, 6, 7);
	sends(&x, 1156, 6, 7);
	expect(&x, CAUSE_TLP, 4, 6);
	expect_needless(&x, 1);
}

static void without_sack_there_are_no_probes(void **state)
{
	struct scene x = begun(false);

	(void)state;
	sends(&x, 1, 0, 1);
	sends(&x, 210, 0, 1);
	expect(&x, CAUSE_RTO, 1, 1);
}

static void a_window_that_was_closed_over_it(void **state)
{
	struct scene x = begun(true);

	(void)state;
	sends(&x, 1, 0, 3);
	x.window = 0;
	ANSWERS(&x, 2, .acked = 1);
	sends(&x, 210, 1, 2);
	expect(&x, CAUSE_ZERO_WINDOW, 1, 1);
}

static void smaller_pieces(void **state)
{
	struct scene x = begun(true);
	struct packet icmp =
		packet_of((struct segment)ICMP_TO_C(3, 4, 1001), x.base_ns + 2 * MS_NS);

	(void)state;
	sends(&x, 1, 0, 3);
	feed(&x, icmp);
	sends(&x, 2, 0, 3);
	expect(&x, CAUSE_PMTU, 3, 3);
	ANSWERS(&x, 4, .acked = 3);
	sends(&x, 5, 3, 6);
	/* It is about nothing that is in flight. */
	icmp.time_ns = x.base_ns + 6 * MS_NS;
	feed(&x, icmp);
	sends(&x, 7, 3, 4);
	expect(&x, CAUSE_PMTU, 3, 4);
}

static void a_timeout_that_a_stamp_takes_back(void **state)
{
	struct scene x = begun(true);

	(void)state;
	x.has_stamps = true;
	sends(&x, 1, 0, 5);
	sends(&x, 15, 4, 5);
	sends(&x, 230, 0, 1);
	expect(&x, CAUSE_RTO, 1, 2);
	/* It answers what was sent first. */
	ANSWERS(&x, 232, .acked = 1, .echo = 1);
	expect_needless(&x, 1);
	/* So what follows is no repair behind the timeout. */
	ANSWERS(&x, 233, .acked = 1, .sacked = 4, .echo = 1);
	sends(&x, 233, 1, 2);
	expect(&x, CAUSE_FAST, 1, 3);
}

static void a_timeout_that_stands(void **state)
{
	struct scene x = begun(true);

	(void)state;
	x.has_stamps = true;
	sends(&x, 1, 0, 5);
	sends(&x, 15, 4, 5);
	sends(&x, 230, 0, 1);
	ANSWERS(&x, 232, .acked = 1, .echo = 230);
	sends(&x, 232, 1, 3);
	expect(&x, CAUSE_SLOW_START, 2, 4);
	expect_needless(&x, 0);
}

/* RFC 5682: what was never sent again arrives. */
static void a_timeout_that_more_data_takes_back(void **state)
{
	struct scene x = begun(true);

	(void)state;
	sends(&x, 1, 0, 5);
	sends(&x, 15, 4, 5);
	sends(&x, 230, 0, 1);
	ANSWERS(&x, 232, .acked = 3);
	expect_needless(&x, 1);
	/* But not if the peer had it before. */
	x = begun(true);
	sends(&x, 1, 0, 5);
	ANSWERS(&x, 2, .acked = 0, .sacked = 3);
	sends(&x, 3, 0, 1);
	sends(&x, 230, 0, 1);
	expect(&x, CAUSE_RTO, 1, 2);
	ANSWERS(&x, 232, .acked = 3);
	expect_needless(&x, 0);
}

static void a_syn_and_a_fin(void **state)
{
	struct scene x = begun(true);
	struct packet syn = packet_of((struct segment)C(SYN, 1000, 0, 0), SECOND);
	struct packet fin = packet_of((struct segment)C(FIN | ACK, 1001, 5001, 0), SECOND);

	(void)state;
	fin.time_ns = x.base_ns + 2 * MS_NS;
	feed(&x, fin);
	fin.time_ns = x.base_ns + 220 * MS_NS;
	feed(&x, fin);
	expect(&x, CAUSE_TLP, 1, 1);
	x = (struct scene){.window = 60000};
	feed(&x, syn);
	x.base_ns = syn.time_ns;
	syn.time_ns += SECOND;
	feed(&x, syn);
	expect(&x, CAUSE_SYN, 1, 1);
}

/* By the handshake: a capture at the client sees the server's answer late, and answers at once. */
static void where_it_was_captured(void **state)
{
	static const struct {
		unsigned int reply_ms, ack_ms;
		bool client_is_afar, server_is_afar;
	} places[] = {{20, 20, false, true}, {1, 21, true, false}, {10, 20, true, true}, {0, 0, false, false}};

	(void)state;
	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct segment s[] = {C(SYN, 1000, 0, 0), S(SYN | ACK, 5000, 1001, 0),
					    C(ACK, 1001, 5001, 0)};
		const unsigned int ms[] = {0, places[i].reply_ms, places[i].ack_ms};
		struct scene x = {.window = 60000};

		for (int n = 0; n < 3; n++) {
			feed(&x, packet_of(s[n], SECOND + ms[n] * MS_NS + (unsigned int)n * 10000));
			x.base_ns = SECOND;
		}
		assert_int_equal(conversation_is_afar(&x.c, &x.h, SIDE_CLIENT),
				 places[i].client_is_afar);
		assert_int_equal(conversation_is_afar(&x.c, &x.h, SIDE_SERVER),
				 places[i].server_is_afar);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_timer_and_what_it_repairs),
		cmocka_unit_test(selective_acknowledgements),
		cmocka_unit_test(three_duplicates),
		cmocka_unit_test(another_window_is_no_duplicate),
		cmocka_unit_test(one_probe_at_a_time),
		cmocka_unit_test(without_sack_there_are_no_probes),
		cmocka_unit_test(a_window_that_was_closed_over_it),
		cmocka_unit_test(smaller_pieces),
		cmocka_unit_test(a_timeout_that_a_stamp_takes_back),
		cmocka_unit_test(a_timeout_that_stands),
		cmocka_unit_test(a_timeout_that_more_data_takes_back),
		cmocka_unit_test(a_syn_and_a_fin),
		cmocka_unit_test(where_it_was_captured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
