// SPDX-License-Identifier: BSD-2-Clause
/* A conversation table whose openings and closings are kept, for tests. */
#pragma once
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packet/conversation_table.h"

#include "packets.h"

enum { TALKS_KEPT = 8 };

struct talk {
	struct conversation c;
	struct handshake h;
};

struct talks {
	struct conversation_table *table;
	struct talk opened[TALKS_KEPT], closed[TALKS_KEPT], sampled[TALKS_KEPT];
	unsigned int open_count, close_count, sample_count;
	uint64_t now_ns;
};

static inline void keep_open(void *context, const struct conversation *c, const struct handshake *h)
{
	struct talks *t = context;

	t->opened[t->open_count++ % TALKS_KEPT] = (struct talk){*c, *h};
}

static inline void keep_close(void *context, const struct conversation *c,
			      const struct handshake *h)
{
	struct talks *t = context;

	t->closed[t->close_count++ % TALKS_KEPT] = (struct talk){*c, *h};
}

static inline void keep_sample(void *context, const struct conversation *c,
			       const struct handshake *h)
{
	struct talks *t = context;

	t->sampled[t->sample_count++ % TALKS_KEPT] = (struct talk){*c, *h};
}

/* Handshakes time out after 30 s, established ones never; closed ones linger for 60 s. */
static inline void talks_begin(struct talks *t, uint32_t limit, uint64_t idle_ns)
{
	const struct conversation_table_config config = {
		.limit = limit,
		.timeout_ns = 30 * SECOND,
		.idle_ns = idle_ns,
		.linger_ns = 60 * SECOND,
		.key = {{5, 6}},
		.open = keep_open,
		.close = keep_close,
		.context = t,
	};

	*t = (struct talks){.now_ns = 1000 * SECOND};
	t->table = conversation_table_new(&config);
	assert_non_null(t->table);
}

static inline void say_one(struct talks *t, struct segment s)
{
	struct packet p = packet_of(s, t->now_ns += MS);

	conversation_table_feed(t->table, &p);
}

/* Segments a millisecond apart, ended by one with from == 0. */
static inline void say_all(struct talks *t, const struct segment *s)
{
	for (; s->from; s++)
		say_one(t, *s);
}

#define SAY(t, ...) say_all(t, (const struct segment[]){__VA_ARGS__, {0}})

#define HANDSHAKE C(SYN, 1000), S(SYN | ACK, 5000, 1001), C(ACK, 1001, 5001)

/* opened = closed + live. */
static inline void talks_end(struct talks *t)
{
	const struct conversation_counts *c = conversation_table_counts(t->table);

	assert_int_equal(c->opened, c->closed + conversation_table_live(t->table));
	assert_int_equal(c->opened, t->open_count);
	assert_int_equal(c->closed, t->close_count);
	conversation_table_free(t->table);
}

static inline const struct talk *only_closed(const struct talks *t)
{
	assert_int_equal(t->close_count, 1);
	return &t->closed[0];
}

/* Time without a packet. */
static inline void be_silent(struct talks *t, uint64_t ns)
{
	conversation_table_tick(t->table, t->now_ns += ns);
}

/* A RST is believed after a moment of silence. */
static inline const struct talk *only_reset(struct talks *t)
{
	assert_int_equal(t->close_count, 0);
	be_silent(t, CONVERSATION_SURE_NS);
	return only_closed(t);
}

static inline const struct talk *last_closed(const struct talks *t)
{
	assert_true(t->close_count > 0);
	return &t->closed[(t->close_count - 1) % TALKS_KEPT];
}

/* The state of the one live conversation, at both ends. */
static inline void assert_states(struct talks *t, enum tcp_state_number client,
				 enum tcp_state_number server)
{
	const struct talk *now = &t->sampled[0];

	t->sample_count = 0;
	conversation_table_sample(t->table, true, keep_sample, t);
	assert_int_equal(t->sample_count, 1);
	assert_int_equal(conversation_tcp_state(&now->c, &now->h, SIDE_CLIENT), client);
	assert_int_equal(conversation_tcp_state(&now->c, &now->h, SIDE_SERVER), server);
}

static inline void assert_bytes(const struct talk *t, uint64_t from_client, uint64_t from_server)
{
	assert_int_equal(conversation_sent_bytes(&t->c, SIDE_CLIENT), from_client);
	assert_int_equal(conversation_sent_bytes(&t->c, SIDE_SERVER), from_server);
}

static inline void assert_end(const struct talk *t, enum conversation_end end,
			      const char *conn_state)
{
	assert_string_equal(conversation_end_name(t->c.end), conversation_end_name(end));
	assert_string_equal(conversation_conn_state(&t->c, &t->h), conn_state);
}
