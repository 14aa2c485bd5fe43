// SPDX-License-Identifier: BSD-2-Clause
#include "packet/copies.h"

#include <stdlib.h>
#include <string.h>

#define SEEN_SETS 1024u /* powers of two */
#define SYN_SETS 128u
/*
 * Places of a set: what a hash leads to is where another one is, too, now and then, and the oldest of so many is
 * not missed. With one place, one capture in a few hundred gave another result from run to run.
 */
#define WAYS 4

/* Packets over which the habit of a capture is judged, and those before any judgement. */
#define HABIT_PACKETS 4096u
#define HABIT_PACKETS_MIN 16u

struct seen {
	uint64_t print;
	uint64_t time_ns;
	uint32_t ifindex;
	uint8_t way;
};

struct copies {
	uint64_t window_ns;
	struct hash_key key;
	/* Of the packets that would be retransmissions if they were not copies. */
	uint32_t packets, twins;
	struct seen seen[SEEN_SETS][WAYS];
	struct seen syn[SYN_SETS][WAYS]; /* the last that was no copy, by its ends */
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
	word[8] = (uint64_t)p->view << 32 | (uint64_t)p->kind << 16 | (uint32_t)p->icmp_type << 8 |
		  p->icmp_code;
	return hash_words(word, 9, &c->key);
}

static void note_habit(struct copies *c, const struct packet *p, bool is_twin)
{
	if (!p->payload_len && !(p->flags & (TCP_SYN | TCP_FIN)))
		return;
	if (c->packets >= HABIT_PACKETS) {
		c->packets /= 2;
		c->twins /= 2;
	}
	c->packets++;
	c->twins += is_twin;
}

static bool shows_all_twice(const struct copies *c)
{
	return c->packets >= HABIT_PACKETS_MIN && c->twins > c->packets / 3;
}

static bool is_syn(const struct packet *p)
{
	return p->kind == PACKET_TCP && p->flags & TCP_SYN;
}

/* The place of what has this print, or the one that it would take. */
static struct seen *place_of(struct seen *set, uint64_t print)
{
	struct seen *oldest = set;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].print == print)
			return &set[i];
		if (set[i].time_ns < oldest->time_ns)
			oldest = &set[i];
	}
	return oldest;
}

/* Of the last SYN from `from` to `to`. */
static struct seen *syn_of(struct copies *c, const struct endpoint *from, const struct endpoint *to,
			   uint64_t *ret_print)
{
	uint64_t word[5];

	memcpy(word, &from->addr, 16);
	memcpy(word + 2, &to->addr, 16);
	word[4] = (uint64_t)from->port << 16 | to->port;
	*ret_print = hash_words(word, 5, &c->key);
	return place_of(c->syn[*ret_print & (SYN_SETS - 1)], *ret_print);
}

static void note_syn(struct copies *c, const struct packet *p)
{
	const struct endpoint from = packet_source(p), to = packet_destination(p);
	uint64_t print;
	struct seen *last = syn_of(c, &from, &to, &print);

	*last = (struct seen){.print = print, .time_ns = p->time_ns};
}

/*
 * A SYN is not sent again so soon (RFC 6298 section 2: after a second), nor a SYN/ACK, unless the
 * SYN that it answers was.
 */
static bool is_too_soon(struct copies *c, const struct seen *s, const struct packet *p)
{
	const struct endpoint from = packet_source(p), to = packet_destination(p);
	const struct seen *last;
	uint64_t print;

	if (!is_syn(p))
		return false;
	if (!(p->flags & TCP_ACK))
		return true;
	last = syn_of(c, &to, &from, &print);
	return last->print != print || last->time_ns < s->time_ns;
}

/* Is an equal packet the same one, seen at another place? */
static bool is_elsewhere(struct copies *c, const struct seen *s, const struct packet *p)
{
	if (is_too_soon(c, s, p))
		return true;
	if (s->ifindex && p->ifindex)
		return s->ifindex != p->ifindex || s->way != p->way;
	return s->way != p->way || p->ip_id || shows_all_twice(c);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

bool copies_has_seen(struct copies *c, const struct packet *p)
{
	uint64_t print = print_of(c, p);
	struct seen *s = place_of(c->seen[print & (SEEN_SETS - 1)], print);
	/* An empty place cannot match by accident: the print would have to be 0. */
	bool is_twin = s->print == print && distance(s->time_ns, p->time_ns) <= c->window_ns;

	note_habit(c, p, is_twin);
	if (is_twin && is_elsewhere(c, s, p))
		return true;
	if (is_syn(p) && !(p->flags & TCP_ACK))
		note_syn(c, p);
	*s = (struct seen){
		.print = print,
		.time_ns = p->time_ns,
		.ifindex = p->ifindex,
		.way = p->way,
	};
	return false;
}
