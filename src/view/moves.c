// SPDX-License-Identifier: BSD-2-Clause
#include "view/moves.h"

#include <string.h>

#include "engine/consumer.h"
#include "engine/counter.h"
#include "view/layout.h"

static const struct {
	const char *column;
	unsigned counts;
} shown[] = {
	{"tx_bytes", MOVES_TX},		  {"tx_kb", MOVES_TX},
	{"rx_bytes", MOVES_RX},		  {"rx_kb", MOVES_RX},
	{"bytes", MOVES_TX | MOVES_RX},	  {"acked_bytes", MOVES_ACKED},
	{"acked_kb", MOVES_ACKED},	  {"retrans", MOVES_RETRANS},
	{"bytes_retrans", MOVES_RETRANS},
};

static void add(struct moves *m, const char *name)
{
	const struct counter *c = counter_find(name);

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (!strcmp(shown[i].column, name))
			m->counts |= shown[i].counts;
	if (c && (c->kind == SUM || c->kind == LEVEL))
		m->counters |= 1ull << (c - counters);
}

struct moves moves_of(const struct layout *layout, const struct column *sort,
		      const struct row_context *context)
{
	struct moves m = {.counts = (context->skip_tx ? 0 : MOVES_TX) |
				    (context->skip_rx ? 0 : MOVES_RX)};

	for (int n = 0; n < LAYOUT_SECTIONS; n++)
		for (size_t i = 0; i < layout->section[n].count; i++)
			add(&m, layout->section[n].column[i]->name);
	if (sort)
		add(&m, sort->name);
	return m;
}

bool moves_any(const struct moves *m, const struct news *news)
{
	const struct ev_count *c = &news->count;
	uint64_t bits = news->now ? m->counters : 0;

	if ((m->counts & MOVES_TX && c->tx_bytes) || (m->counts & MOVES_RX && c->rx_bytes) ||
	    (m->counts & MOVES_ACKED && c->acked_bytes) ||
	    (m->counts & MOVES_RETRANS && (c->retrans_segs || c->retrans_bytes)))
		return true;
	for (; bits; bits &= bits - 1)
		if (news->now[__builtin_ctzll(bits)] != news->then[__builtin_ctzll(bits)])
			return true;
	return false;
}
