// SPDX-License-Identifier: BSD-2-Clause
#include "verdict/peers.h"

/* A connection that acknowledged something just now shows that its peer lives. */
#define LIVES_MS 1000

static unsigned bit_of(const struct ev_ident *id)
{
	uint32_t h = id->netns;

	for (int i = 0; i < 4; i++)
		h = (h ^ id->raddr.word_be[i]) * 0x9e3779b1u;
	return h >> 16;
}

void peers_note(struct peers *p, const struct ev_ident *ident, const struct ev_extra *extra)
{
	unsigned bit = bit_of(ident);

	if (extra && extra->known & KNOWN_SINCE_ACK && extra->since_ack_ms < LIVES_MS &&
	    !extra->backoff)
		p->alive[bit / 8] |= (uint8_t)(1 << bit % 8);
}

bool peers_lives(const struct peers *p, const struct ev_ident *ident)
{
	unsigned bit = bit_of(ident);

	return p->alive[bit / 8] >> bit % 8 & 1;
}
