// SPDX-License-Identifier: BSD-2-Clause
/* How a handshake ends without a TCP segment that ends it. */
#include "packet/handshake_evidence.h"
#include "packet/icmp.h"

/* The quoted number must be that of a segment in flight (RFC 5927 section 4.1): the ISN. */
static bool quotes_isn(const struct handshake *h, const struct packet *p)
{
	if (handshake_is_from_client(h, p))
		return p->seq == h->client_isn;
	return h->marks & HANDSHAKE_SAW_REPLY &&
	       (p->seq == h->server_isn[0] || p->seq == h->server_isn[1]);
}

enum handshake_step handshake_take_icmp(struct handshake *h, const struct packet *p)
{
	if (h->state == HANDSHAKE_ACK_EARLY || h->state == HANDSHAKE_CONCLUDED || !quotes_isn(h, p))
		return STEP_FOREIGN;
	if (icmp_meaning(p->family, p->icmp_type, p->icmp_code) == ICMP_NOTHING)
		return STEP_TAKEN;
	h->icmp_type = p->icmp_type;
	h->icmp_code = p->icmp_code;
	h->icmp_from = p->icmp_from;
	h->icmp_ns = p->time_ns;
	h->marks |= HANDSHAKE_ICMP_SEEN | HANDSHAKE_AWAITS_SYN;
	return STEP_TAKEN;
}

/* Timeouts double (RFC 6298 section 5.5): the next SYN is due after twice the last interval. */
uint64_t handshake_icmp_deadline_ns(const struct handshake *h)
{
	bool hard = icmp_meaning(h->family, h->icmp_type, h->icmp_code) == ICMP_HARD;
	uint64_t from_ns = h->icmp_ns > h->syn_last_ns ? h->icmp_ns : h->syn_last_ns;
	uint64_t least_ns = hard ? HANDSHAKE_HARD_WAIT_NS : HANDSHAKE_SOFT_WAIT_NS;
	uint64_t due_ns = 2 * h->syn_gap_ns + h->syn_gap_ns / 4;

	return from_ns + (due_ns > least_ns ? due_ns : least_ns);
}

void handshake_give_up(struct handshake *h, uint64_t end_ns)
{
	if (h->state == HANDSHAKE_ACK_EARLY)
		handshake_conclude(h, HANDSHAKE_ESTABLISHED, h->ack_ns);
	else if (h->marks & HANDSHAKE_AWAITS_SYN)
		handshake_conclude(h, HANDSHAKE_UNREACHABLE, h->icmp_ns);
	else if (h->marks & HANDSHAKE_ICMP_SEEN)
		handshake_conclude(h, HANDSHAKE_UNREACHABLE, end_ns);
	else
		handshake_conclude(h, HANDSHAKE_TIMED_OUT, end_ns);
}

void handshake_leave(struct handshake *h)
{
	if (h->state == HANDSHAKE_ACK_EARLY || h->marks & HANDSHAKE_AWAITS_SYN)
		handshake_give_up(h, h->last_ns);
	else
		handshake_conclude(h, HANDSHAKE_PENDING, h->last_ns);
}
