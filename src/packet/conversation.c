// SPDX-License-Identifier: BSD-2-Clause
#include "packet/conversation.h"

#include <string.h>

#include "packet/handshake_evidence.h"

/*
 * A retransmission cannot fill a gap in less than a round trip after it was noticed: the segment
 * that showed the gap has to reach the receiver, and its answer the sender (RFC 8985 waits longer
 * still). Some is taken off, since the handshake may have been slower than data is.
 */
#define REORDER_NS_UNKNOWN 3000000u

static enum conversation_side side_of(const struct handshake *h, const struct packet *p)
{
	return handshake_is_from_client(h, p) ? SIDE_CLIENT : SIDE_SERVER;
}

static enum conversation_side peer_of(const struct conversation *c, enum conversation_side side)
{
	return c->is_self || side == SIDE_SERVER ? SIDE_CLIENT : SIDE_SERVER;
}

static uint64_t reorder_ns(const struct conversation *c, const struct handshake *h)
{
	uint64_t rtt_ns;

	if (!(h->marks & HANDSHAKE_SAW_SYN) || c->established_ns <= h->syn_last_ns)
		return REORDER_NS_UNKNOWN;
	rtt_ns = c->established_ns - h->syn_last_ns;
	return rtt_ns - rtt_ns / 4;
}

/*
 * The number of the server's first byte. A server with SYN cookies may have offered two ISNs; the
 * first number in use tells which it was. Without a SYN/ACK the first number in use has to do.
 */
static uint32_t server_first_seq(const struct handshake *h, uint32_t in_use)
{
	uint32_t first = h->server_isn[0] + 1, last = h->server_isn[1] + 1;

	if (h->marks & HANDSHAKE_SAW_REPLY)
		return in_use - last <= in_use - first ? last : first;
	return h->marks & HANDSHAKE_SAW_CLIENT_ACK ? h->early_ack : in_use;
}

/* `in_use`: a number of this side that was just seen. */
static void begin_stream(struct conversation *c, const struct handshake *h,
			 enum conversation_side side, uint32_t in_use)
{
	uint32_t first = in_use;

	if (c->stream[side].is_begun)
		return;
	if (!c->is_adopted)
		first = side == SIDE_CLIENT ? h->client_isn + 1 : server_first_seq(h, in_use);
	stream_begin(&c->stream[side], first);
}

/* Count a segment that belongs here: what it acknowledges, then what it carries. */
static void track(struct conversation *c, const struct handshake *h, const struct packet *p)
{
	enum conversation_side side = side_of(h, p);
	struct stream *s = &c->stream[side], *peer = &c->stream[peer_of(c, side)];
	bool syn = p->flags & TCP_SYN, had_fin = s->has_fin;

	c->has_news = true;
	if (p->time_ns > c->last_ns)
		c->last_ns = p->time_ns;
	if (p->time_ns < c->first_ns)
		c->first_ns = p->time_ns;
	if (p->flags & TCP_ACK) {
		begin_stream(c, h, peer_of(c, side), p->ack);
		stream_acknowledge(peer, p->ack, p->time_ns);
	}
	if (p->payload_len || p->flags & TCP_FIN)
		begin_stream(c, h, side, p->seq + syn);
	if (syn && stream_sent_bytes(s)) /* a SYN again, with its Fast Open data */
		s->segs++;
	else
		stream_take(s, p, peer->segs ? peer->window : UINT16_MAX, reorder_ns(c, h));
	if (!had_fin && s->has_fin)
		c->is_passive_close[side] = peer->fin_is_acked;
}

void conversation_close(struct conversation *c, enum conversation_end end, uint64_t time_ns)
{
	c->phase = CONVERSATION_CLOSED;
	c->end = end;
	c->closed_ns = time_ns;
	c->has_news = true;
}

static enum conversation_step close_if_both_finished(struct conversation *c)
{
	if (!conversation_stream(c, SIDE_CLIENT)->fin_is_acked ||
	    !conversation_stream(c, SIDE_SERVER)->fin_is_acked)
		return CONVERSATION_TAKEN;
	conversation_close(c, CONVERSATION_FIN, c->last_ns);
	return CONVERSATION_CLOSES;
}

/* Opening */

enum conversation_step conversation_follow(struct conversation *c, const struct handshake *h)
{
	static const uint8_t end[HANDSHAKE_OUTCOME_COUNT] = {
		[HANDSHAKE_PENDING] = CONVERSATION_LIVE,
		[HANDSHAKE_REJECTED] = CONVERSATION_REFUSED,
		[HANDSHAKE_ABORTED] = CONVERSATION_ABORTED,
		[HANDSHAKE_UNREACHABLE] = CONVERSATION_UNREACHABLE,
		[HANDSHAKE_TIMED_OUT] = CONVERSATION_TIMED_OUT,
		[HANDSHAKE_SUPERSEDED] = CONVERSATION_REPLACED,
	};

	if (h->outcome == HANDSHAKE_PENDING)
		return CONVERSATION_TAKEN;
	if (h->outcome != HANDSHAKE_ESTABLISHED) {
		conversation_close(c, end[h->outcome], h->end_ns);
		return CONVERSATION_CLOSES;
	}
	c->phase = CONVERSATION_SYNCHRONISED;
	c->established_ns = h->end_ns;
	return CONVERSATION_ESTABLISHES;
}

static bool counts_bytes(const struct packet *p)
{
	return p->kind == PACKET_TCP && !(p->flags & TCP_RST);
}

static enum conversation_step open_further(struct conversation *c, struct handshake *h,
					   const struct packet *p)
{
	enum handshake_step step = handshake_step(h, p);

	if (step == STEP_FOREIGN)
		return CONVERSATION_FOREIGN;
	if (counts_bytes(p))
		track(c, h, p);
	return step == STEP_CONCLUDED ? conversation_follow(c, h) : CONVERSATION_TAKEN;
}

/* Synchronised and closed */

static enum conversation_step take_late_syn(struct conversation *c, struct handshake *h,
					    const struct packet *p)
{
	if (c->is_adopted || handshake_step(h, p) == STEP_FOREIGN)
		return CONVERSATION_FOREIGN;
	if (c->phase == CONVERSATION_CLOSED)
		return CONVERSATION_TAKEN;
	if (p->flags & TCP_ACK)
		h->dup_syn_ack++;
	else
		h->dup_syn++;
	c->has_news = true;
	return CONVERSATION_TAKEN;
}

static enum conversation_step take_reset(struct conversation *c, enum conversation_side side,
					 const struct packet *p)
{
	if (!stream_accepts_reset(&c->stream[side], p->seq)) {
		c->stream[side].ignored++;
		return CONVERSATION_FOREIGN;
	}
	if (p->time_ns > c->last_ns)
		c->last_ns = p->time_ns;
	conversation_close(c,
			   side == SIDE_CLIENT ? CONVERSATION_RESET_BY_CLIENT
					       : CONVERSATION_RESET_BY_SERVER,
			   p->time_ns);
	return CONVERSATION_CLOSES;
}

static enum conversation_step go_on(struct conversation *c, struct handshake *h,
				    const struct packet *p)
{
	enum conversation_side side = side_of(h, p);

	if (p->flags & TCP_RST)
		return take_reset(c, side, p);
	/* Without ACK it is dropped (RFC 9293 section 3.10.7.4 fifth); RFC 5961 section 5 asks
	 * that the number acknowledged makes sense too. */
	if (!(p->flags & TCP_ACK) || !stream_fits(&c->stream[side], p->seq) ||
	    !stream_fits(&c->stream[peer_of(c, side)], p->ack)) {
		c->stream[side].ignored++;
		return CONVERSATION_FOREIGN;
	}
	track(c, h, p);
	return close_if_both_finished(c);
}

enum conversation_step conversation_step(struct conversation *c, struct handshake *h,
					 const struct packet *p)
{
	if (c->phase == CONVERSATION_OPENING)
		return open_further(c, h, p);
	if (p->kind != PACKET_TCP) /* no reason to end what is established (RFC 5927 section 5.2) */
		return CONVERSATION_TAKEN;
	if (p->flags & TCP_SYN && !(p->flags & TCP_RST))
		return take_late_syn(c, h, p);
	if (c->phase == CONVERSATION_CLOSED) /* one that was only silent may go on as another */
		return c->end == CONVERSATION_IDLE ? CONVERSATION_FOREIGN : CONVERSATION_TAKEN;
	return go_on(c, h, p);
}

/* Data or FIN without a handshake. A bare ACK or RST may be the last of what is over already. */
static bool adopt(struct conversation *c, struct handshake *h, const struct packet *p)
{
	const uint8_t kind = p->flags & (TCP_SYN | TCP_ACK | TCP_RST);

	if (p->kind != PACKET_TCP || kind != TCP_ACK || !(p->payload_len || p->flags & TCP_FIN))
		return false;
	memset(h, 0, sizeof(*h));
	h->client = packet_source(p);
	h->server = packet_destination(p);
	h->state = HANDSHAKE_CONCLUDED;
	h->last_ns = p->time_ns;
	h->family = p->family;
	c->is_adopted = true;
	c->phase = CONVERSATION_SYNCHRONISED;
	return true;
}

bool conversation_begin(struct conversation *c, struct handshake *h, const struct packet *p)
{
	memset(c, 0, sizeof(*c));
	if (!handshake_begin(h, p) && !adopt(c, h, p))
		return false;
	c->first_ns = p->time_ns;
	c->family = p->family;
	c->is_self = endpoint_is_equal(&h->client, &h->server);
	track(c, h, p);
	return true;
}
