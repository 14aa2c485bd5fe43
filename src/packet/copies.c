// SPDX-License-Identifier: BSD-2-Clause
#include "packet/copies.h"

#include <stdlib.h>
#include <string.h>

#define SEEN_COUNT 4096u /* a power of two */

/* Without an own mark of its sender, a packet is believed a copy for a shorter time. */
#define WINDOW_DIVISOR_UNMARKED 50

struct seen {
	uint64_t print;
	uint64_t time_ns;
};

struct copies {
	uint64_t window_ns;
	struct hash_key key;
	struct seen seen[SEEN_COUNT];
};

struct copies *copies_new(uint64_t window_ns, const struct hash_key *key)
{
	struct copies *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->window_ns = window_ns;
	c->key = *key;
	return c;
}

void copies_free(struct copies *c)
{
	free(c);
}

/* Everything the sender wrote: all but the hop limit, the ECN codepoint and the interface. */
static uint64_t print_of(const struct copies *c, const struct packet *p)
{
	uint64_t word[9];

	memcpy(word, &p->src, 16);
	memcpy(word + 2, &p->dst, 16);
	word[4] = (uint64_t)p->src_port << 48 | (uint64_t)p->dst_port << 32 | p->payload_len;
	word[5] = (uint64_t)p->seq << 32 | p->ack;
	word[6] = (uint64_t)p->tsval << 32 | p->tsecr;
	word[7] = (uint64_t)p->ip_id << 48 | (uint64_t)p->window << 32 | (uint32_t)p->mss << 16 |
		  (uint32_t)p->flags << 8 | p->options;
	word[8] = (uint64_t)p->kind << 16 | (uint32_t)p->icmp_type << 8 | p->icmp_code;
	return hash_words(word, 9, &c->key);
}

static uint64_t window_for(const struct copies *c, const struct packet *p)
{
	bool marked = p->ip_id || p->options & PACKET_TIMESTAMP || p->flags & TCP_SYN;

	return marked ? c->window_ns : c->window_ns / WINDOW_DIVISOR_UNMARKED;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

bool copies_has_seen(struct copies *c, const struct packet *p)
{
	uint64_t print = print_of(c, p);
	struct seen *s = &c->seen[print & (SEEN_COUNT - 1)];

	/* An empty place has time 0 and cannot match by accident: the print would have to be 0. */
	if (s->print == print && distance(s->time_ns, p->time_ns) <= window_for(c, p))
		return true;
	s->print = print;
	s->time_ns = p->time_ns;
	return false;
}
