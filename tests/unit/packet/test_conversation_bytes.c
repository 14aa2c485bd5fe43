// SPDX-License-Identifier: BSD-2-Clause
/* A thousand connections at once through a network that repeats, swaps and hides packets. */
#include "talks.h"

enum { FLOWS = 1000, STEPS = 200000 };

struct flow {
	uint32_t sent, acked; /* by the client, as the test knows */
};

static void say_shuffled(struct talks *t, struct packet *held, bool *is_held, struct packet p)
{
	p.time_ns = t->now_ns += 1000;
	if (!*is_held && random() % 10 == 0) {
		*held = p;
		*is_held = true;
		return;
	}
	conversation_table_feed(t->table, &p);
	if (*is_held)
		conversation_table_feed(t->table, held);
	*is_held = false;
}

static struct packet of_flow(uint32_t id, struct segment s)
{
	struct packet p = packet_of(s, 0);

	*(s.from == 'C' ? &p.src_port : &p.dst_port) = (uint16_t)(10000 + id);
	return p;
}

static void check_flow(void *context, const struct conversation *c, const struct handshake *h)
{
	const struct flow *f = &((const struct flow *)context)[h->client.port - 10000];

	assert_true(conversation_sent_bytes(c, SIDE_CLIENT) == f->sent);
	assert_true(conversation_acked_bytes(c, SIDE_CLIENT) == f->acked);
}

static void bytes_are_exact_whatever_the_network_does(void **state)
{
	static struct flow flow[FLOWS];
	struct packet held;
	bool is_held = false;
	struct talks t;

	(void)state;
	srandom(3);
	talks_begin(&t, 2 * FLOWS, 0);
	for (uint32_t id = 0; id < FLOWS; id++) {
		static const struct segment scene[] = {HANDSHAKE};

		for (int i = 0; i < 3; i++)
			say_shuffled(&t, &held, &is_held, of_flow(id, scene[i]));
	}
	for (int step = 0; step < STEPS; step++) {
		uint32_t id = (uint32_t)random() % FLOWS, len = 1 + (uint32_t)random() % 1400;
		struct flow *f = &flow[id];

		switch (random() % 8) {
		case 0: /* a retransmission */
			if (f->sent > f->acked + 1)
				say_shuffled(
					&t, &held, &is_held,
					of_flow(id, (struct segment)C(ACK, 1001 + f->acked, 5001,
								      f->sent - f->acked)));
			break;
		case 1: /* lost by the capture, as the ACK will show */
			f->sent += len;
			f->acked = f->sent;
			say_shuffled(&t, &held, &is_held,
				     of_flow(id, (struct segment)S(ACK, 5001, 1001 + f->acked)));
			break;
		case 2:
			f->acked = f->sent;
			say_shuffled(&t, &held, &is_held,
				     of_flow(id, (struct segment)S(ACK, 5001, 1001 + f->acked)));
			break;
		default:
			say_shuffled(
				&t, &held, &is_held,
				of_flow(id, (struct segment)C(ACK, 1001 + f->sent, 5001, len)));
			f->sent += len;
		}
	}
	if (is_held)
		conversation_table_feed(t.table, &held);
	assert_int_equal(conversation_table_live(t.table), FLOWS);
	conversation_table_sample(t.table, true, check_flow, flow);
	talks_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_exact_whatever_the_network_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
