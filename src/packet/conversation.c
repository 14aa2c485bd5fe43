// SPDX-License-Identifier: BSD-2-Clause
#include "packet/conversation.h"

#include <string.h>

#include "packet/conversation_part.h"

void conversation_close(struct conversation *c, enum conversation_end end, uint64_t time_ns)
{
	c->phase = CONVERSATION_CLOSED;
	c->end = end;
	c->closed_ns = time_ns;
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
		conversation_track(c, h, p);
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
	return CONVERSATION_TAKEN;
}

static enum conversation_step go_on(struct conversation *c, struct handshake *h,
				    const struct packet *p)
{
	enum conversation_step step;

	/* Without ACK it is dropped (RFC 9293 section 3.10.7.4 fifth). */
	if (!(p->flags & TCP_ACK))
		return CONVERSATION_FOREIGN;
	step = conversation_track(c, h, p);
	if (step != CONVERSATION_TAKEN || c->phase == CONVERSATION_ENDING)
		return step;
	if (c->reset_ns)
		conversation_doubt_reset(c, h, p);
	return c->phase == CONVERSATION_ENDING ? step : close_if_both_finished(c);
}

enum conversation_step conversation_step(struct conversation *c, struct handshake *h,
					 const struct packet *p)
{
	if (c->phase == CONVERSATION_OPENING)
		return open_further(c, h, p);
	if (p->kind != PACKET_TCP) { /* no reason to end what is established (RFC 5927, 5.2) */
		conversation_take_icmp(c, h, p);
		return CONVERSATION_TAKEN;
	}
	if (p->flags & TCP_SYN && !(p->flags & TCP_RST))
		return take_late_syn(c, h, p);
	if (c->phase == CONVERSATION_CLOSED) /* one that was only silent may go on as another */
		return c->end == CONVERSATION_IDLE ? CONVERSATION_FOREIGN : CONVERSATION_TAKEN;
	if (p->flags & TCP_RST)
		return conversation_take_reset(c, h, p);
	if (c->phase == CONVERSATION_ENDING && conversation_is_over(c, h, p))
		return CONVERSATION_TAKEN;
	return go_on(c, h, p);
}

/*
 * Who called whom does not show any more; but the ports that clients are given are the highest
 * (RFC 6335 section 6: from 49152; Linux: from 32768).
 */
static bool looks_like_server(const struct endpoint *end, const struct endpoint *other)
{
	return end->port < other->port;
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
	if (looks_like_server(&h->client, &h->server)) {
		h->client = packet_destination(p);
		h->server = packet_source(p);
	}
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
	conversation_begin_windows(c);
	conversation_track(c, h, p);
	return true;
}
