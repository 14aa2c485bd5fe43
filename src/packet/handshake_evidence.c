// SPDX-License-Identifier: BSD-2-Clause
#include "packet/handshake_evidence.h"

#include "packet/sequence.h"

bool handshake_acks_client(const struct handshake *h, uint32_t ack)
{
	return sequence_within(ack, h->client_isn + 1, h->syn_len);
}

bool handshake_acks_server(const struct handshake *h, uint32_t ack)
{
	return sequence_within(ack, h->server_isn[0] + 1, h->server_len) ||
	       sequence_within(ack, h->server_isn[1] + 1, h->server_len);
}

bool handshake_follows_server(const struct handshake *h, uint32_t seq, uint32_t window)
{
	return sequence_within(seq, h->server_isn[0] + 1, h->server_len + window) ||
	       sequence_within(seq, h->server_isn[1] + 1, h->server_len + window);
}

bool handshake_follows_client(const struct handshake *h, uint32_t seq, uint32_t window)
{
	return sequence_within(seq, h->client_isn + 1, h->syn_len + window);
}

bool handshake_is_from_client(const struct handshake *h, const struct packet *p)
{
	struct endpoint source = packet_source(p);

	return endpoint_is_equal(&h->client, &source);
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void handshake_note_syn(struct handshake *h, const struct packet *p)
{
	if (h->syn_last_ns && p->time_ns > h->syn_last_ns)
		h->syn_gap_ns = p->time_ns - h->syn_last_ns;
	h->syn_last_ns = later(h->syn_last_ns, p->time_ns);
	if (!h->first_ns || p->time_ns < h->first_ns)
		h->first_ns = p->time_ns;
	if (p->payload_len > h->syn_len)
		h->syn_len = p->payload_len;
	h->marks |= HANDSHAKE_SAW_SYN;
	h->marks &= ~(uint32_t)HANDSHAKE_AWAITS_SYN;
	if (p->options & PACKET_TFO_REQUEST)
		h->marks |= HANDSHAKE_TFO_REQUESTED;
	if (p->options & PACKET_TFO_COOKIE)
		h->marks |= HANDSHAKE_TFO_COOKIE;
	if ((p->flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR))
		h->marks |= HANDSHAKE_ECN_REQUESTED;
}

void handshake_note_reply(struct handshake *h, const struct packet *p)
{
	if (!(h->marks & HANDSHAKE_SAW_REPLY)) {
		h->server_isn[0] = p->seq;
		h->reply_ns = p->time_ns;
	}
	h->server_isn[1] = p->seq;
	h->server_window = p->window;
	/* It may carry data (RFC 9293 section 3.10.7.3, RFC 7413 section 4.2.2). */
	if (p->payload_len > h->server_len && p->payload_len <= SEQUENCE_WINDOW_UNSCALED)
		h->server_len = p->payload_len;
	h->marks |= HANDSHAKE_SAW_REPLY;
	h->marks &= ~(uint32_t)HANDSHAKE_AWAITS_SYN;
	if (!(p->flags & TCP_ACK))
		return;
	h->marks |= HANDSHAKE_SAW_SERVER_ACK;
	if (p->ack != h->client_isn + 1)
		h->marks |= HANDSHAKE_TFO_ACCEPTED;
	if ((p->flags & (TCP_ECE | TCP_CWR)) == TCP_ECE && h->marks & HANDSHAKE_ECN_REQUESTED)
		h->marks |= HANDSHAKE_ECN_ACCEPTED;
}

void handshake_note_client_ack(struct handshake *h, const struct packet *p)
{
	if (!h->ack_ns)
		h->ack_ns = p->time_ns;
	h->marks |= HANDSHAKE_SAW_CLIENT_ACK;
}

/* In a capture out of order the last segment seen may be older than the first. */
enum handshake_step handshake_conclude(struct handshake *h, enum handshake_outcome outcome,
				       uint64_t end_ns)
{
	h->state = HANDSHAKE_CONCLUDED;
	h->outcome = outcome;
	h->end_ns = later(end_ns, h->first_ns);
	h->marks &= ~(uint32_t)HANDSHAKE_AWAITS_SYN;
	return STEP_CONCLUDED;
}

enum handshake_step handshake_establish(struct handshake *h, const struct packet *p)
{
	uint64_t end_ns = h->ack_ns ? later(h->ack_ns, h->reply_ns) : p->time_ns;

	return handshake_conclude(h, HANDSHAKE_ESTABLISHED, end_ns);
}
