// SPDX-License-Identifier: BSD-2-Clause
/* What a recording has said of each live flow so far, by the flow's slot. Zeroed: nothing. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "abi/event.h"

struct told {
	uint64_t ident;	     /* a hash of what was said last */
	uint64_t totals;     /* a hash of the totals that a reader has */
	uint32_t min_rtt_us; /* that a reader has */
	uint32_t mark;	     /* of record_sample() */
	uint32_t dropped;    /* of a listener: what it had dropped and sent again then */
	bool is_known;
	bool waited; /* something waited at the last reading */
};

static inline uint64_t told_mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 32;
}

static inline uint64_t told_hash(const struct ev_ident *id)
{
	uint64_t word, h = 1;

	_Static_assert(sizeof(*id) % sizeof(word) == 0, "whole words");
	for (size_t i = 0; i < sizeof(*id); i += sizeof(word)) {
		memcpy(&word, (const char *)id + i, sizeof(word));
		h = told_mix(h, word);
	}
	return h;
}

static inline uint64_t told_totals(const struct ev_count *c)
{
	const uint64_t words[] = {c->tx_bytes, c->rx_bytes, c->acked_bytes, c->retrans_bytes, c->retrans_segs};
	uint64_t h = 1;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		h = told_mix(h, words[i]);
	return h;
}

/* A reader has these totals now. */
static inline void told_set(struct told *t, const struct ev_count *c)
{
	t->totals = told_totals(c);
	t->min_rtt_us = c->min_rtt_us;
}

/* Are the counters of `c` those that a reader has? A reading that was torn makes them go back. */
static inline bool told_counts(const struct told *t, const struct ev_count *c)
{
	return t->totals == told_totals(c);
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
