// SPDX-License-Identifier: BSD-2-Clause
/* How a packet meets a handshake: which column of the table it is, and what every one leaves. */
#include <string.h>

#include "packet/handshake_evidence.h"

/* HANDSHAKE_SEGMENT_COUNT if the flags make no sense together. */
static enum handshake_segment classify(const struct handshake *h, const struct packet *p)
{
	unsigned int from_server = !handshake_is_from_client(h, p);

	if (p->flags & TCP_RST) /* looked at before SYN (RFC 9293 section 3.10.7) */
		return CLIENT_RST + from_server;
	if (p->flags & TCP_SYN && p->flags & TCP_FIN)
		return HANDSHAKE_SEGMENT_COUNT;
	if (p->flags & TCP_SYN)
		return (p->flags & TCP_ACK ? CLIENT_SYN_ACK : CLIENT_SYN) + from_server;
	return p->flags & TCP_ACK ? CLIENT_ACK + from_server : HANDSHAKE_SEGMENT_COUNT;
}

static void touch(struct handshake *h, const struct packet *p)
{
	if (p->time_ns > h->last_ns)
		h->last_ns = p->time_ns;
	if (p->kind != PACKET_TCP || !(p->flags & TCP_FIN))
		return;
	h->marks |= handshake_is_from_client(h, p) ? HANDSHAKE_SAW_CLIENT_FIN
						   : HANDSHAKE_SAW_SERVER_FIN;
}

static enum handshake_step apply(struct handshake *h, const struct packet *p)
{
	enum handshake_segment segment;

	if (p->kind == PACKET_ICMP_ERROR)
		return handshake_take_icmp(h, p);
	segment = classify(h, p);
	if (segment == HANDSHAKE_SEGMENT_COUNT)
		return STEP_FOREIGN;
	return handshake_apply(h, segment, p);
}

enum handshake_step handshake_step(struct handshake *h, const struct packet *p)
{
	bool was_over = h->state == HANDSHAKE_CONCLUDED;
	uint32_t challenge_acks = h->challenge_acks;
	enum handshake_step step = apply(h, p);

	/* What an old incarnation says is no sign of life of this one, nor is its FIN. */
	if (step != STEP_FOREIGN && !was_over && h->challenge_acks == challenge_acks)
		touch(h, p);
	return step;
}

bool handshake_begin(struct handshake *h, const struct packet *p)
{
	const uint8_t kind = p->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN);

	if (p->kind != PACKET_TCP || (kind != TCP_SYN && kind != (TCP_SYN | TCP_ACK)))
		return false;
	memset(h, 0, sizeof(*h));
	h->family = p->family;
	h->first_ns = p->time_ns;
	h->last_ns = p->time_ns;
	if (kind == TCP_SYN) {
		h->client = packet_source(p);
		h->server = packet_destination(p);
		h->client_isn = p->seq;
		h->state = HANDSHAKE_SYN_SENT;
		handshake_note_syn(h, p);
	} else {
		h->client = packet_destination(p);
		h->server = packet_source(p);
		h->client_isn = p->ack - 1;
		h->state = HANDSHAKE_REPLY_FIRST;
		handshake_note_reply(h, p);
	}
	if (p->is_tunneled)
		h->marks |= HANDSHAKE_TUNNELED;
	return true;
}
