// SPDX-License-Identifier: BSD-2-Clause
/* What a recording has said of each live flow so far, by the flow's slot. Zeroed: nothing. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "abi/event.h"

struct told {
	uint64_t ident;	       /* a hash of what was said last */
	struct ev_count count; /* the totals that a reader has */
	uint32_t mark;	       /* of record_sample() */
	bool is_known;
	bool waited; /* something waited at the last reading */
	uint32_t dropped; /* of a listener: what it had dropped and sent again then */
};

static inline uint64_t told_hash(const struct ev_ident *id)
{
	uint64_t word, h = 1;

	_Static_assert(sizeof(*id) % sizeof(word) == 0, "whole words");
	for (size_t i = 0; i < sizeof(*id); i += sizeof(word)) {
		memcpy(&word, (const char *)id + i, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	return h;
}

/* Are the counters of `c` those that a reader has? A reading that was torn makes them go back. */
static inline bool told_counts(const struct told *t, const struct ev_count *c)
{
	return t->count.tx_bytes == c->tx_bytes && t->count.rx_bytes == c->rx_bytes &&
	       t->count.acked_bytes == c->acked_bytes &&
	       t->count.retrans_bytes == c->retrans_bytes &&
	       t->count.retrans_segs == c->retrans_segs;
}

/*
 * The flow's mark, which is 0 when its ident is another than was said: samples bring idents along
 * that are still the same.
 */
static inline uint32_t *told_mark(struct told *t, const struct ev_ident *id)
{
	uint64_t ident = told_hash(id);

	if (t->ident != ident)
		t->mark = 0;
	t->ident = ident;
	return &t->mark;
}
