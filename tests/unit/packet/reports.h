// SPDX-License-Identifier: BSD-2-Clause
/* A handshake table whose reports are kept, for tests; and feeding it scenes of segments. */
#pragma once
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packet/handshake_table.h"

#include "packets.h"

enum { REPORTS_KEPT = 16 };

struct reports {
	struct handshake_table *table;
	struct handshake h[REPORTS_KEPT];
	unsigned int count;
	uint64_t outcomes[HANDSHAKE_OUTCOME_COUNT];
};

static inline void keep_report(void *context, const struct handshake *h)
{
	struct reports *r = context;

	r->h[r->count++ % REPORTS_KEPT] = *h;
	r->outcomes[h->outcome]++;
}

/* Time-out 30 s. */
static inline void reports_begin(struct reports *r, uint32_t limit)
{
	const struct handshake_table_config config = {
		.limit = limit,
		.timeout_ns = 30 * SECOND,
		.key = {{1, 2}},
		.report = keep_report,
		.context = r,
	};

	*r = (struct reports){.count = 0};
	r->table = handshake_table_new(&config);
	assert_non_null(r->table);
}

static inline void feed_at(struct reports *r, uint64_t time_ns, struct segment s)
{
	struct packet p = packet_of(s, time_ns);

	handshake_table_feed(r->table, &p);
}

#define AT(r, time_ns, ...) feed_at(r, time_ns, (struct segment)__VA_ARGS__)

/* What was begun is reported, evicted or pending. */
static inline void assert_accounts_balance(const struct reports *r)
{
	const struct handshake_counts *c = handshake_table_counts(r->table);

	assert_int_equal(c->begun, c->reported + c->evicted_lonely + c->evicted_engaged +
					   handshake_table_pending(r->table));
	assert_int_equal(c->reported, r->count);
}

static inline void reports_end(struct reports *r)
{
	assert_accounts_balance(r);
	handshake_table_free(r->table);
}

static inline void assert_outcome(const struct reports *r, unsigned int index,
				  enum handshake_outcome outcome)
{
	assert_true(index < r->count);
	assert_string_equal(handshake_outcome_name(r->h[index].outcome),
			    handshake_outcome_name(outcome));
}
