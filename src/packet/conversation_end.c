// SPDX-License-Identifier: BSD-2-Clause
/* How a conversation ends of which the end is not plain to see: resets, and a last ACK not seen. */
#include "packet/conversation_part.h"

/* What its sender sent before a RST may be captured behind it, by so much. */
#define REORDER_NS 100000000u

/*
 * Its ACK is what the sender's kernel had received (tcp_send_active_reset() of Linux sends
 * rcv_nxt). A RST without one, as the answer of a closed socket to late data, says nothing about
 * it.
 */
static void note_acknowledged(struct conversation *c, enum conversation_side side,
			      const struct packet *p, const struct judges *j)
{
	struct stream *acked = &c->stream[peer_of(c, side)];

	if (p->flags & TCP_ACK && acked->is_begun &&
	    stream_fit(acked, p->ack, &j->acked) == STREAM_NEAR)
		stream_acknowledge(acked, p->ack, &j->acked, p->time_ns);
}

static void note_reset(struct conversation *c, const struct handshake *h,
		       enum conversation_side side, const struct packet *p)
{
	conversation_note_time(c, p);
	c->stream[side].segs++;
	c->reset_ns = p->time_ns;
	c->reset_seq = p->seq;
	c->reset_ttl = p->ttl;
	c->usual_ttl = p->usual_ttl;
	c->reset_side = (uint8_t)side;
	c->reset_state = (uint8_t)conversation_tcp_state(c, h, side);
	c->refuted_ns = 0;
	c->is_reset_refuted = false;
}

static void begin_to_end(struct conversation *c)
{
	c->phase = CONVERSATION_ENDING;
	c->end = c->reset_side == SIDE_CLIENT ? CONVERSATION_RESET_BY_CLIENT
					      : CONVERSATION_RESET_BY_SERVER;
}

/* Its sender goes on: somebody else made it. */
static void refute(struct conversation *c)
{
	c->refuted_ns = c->reset_ns;
	c->refuted_at = c->stream[peer_of(c, (enum conversation_side)c->reset_side)].segs;
	c->reset_ns = 0;
	c->stream[c->reset_side].ignored++;
}

/* A RST of who received the refuted one, and said nothing since: no connection was there any more. */
static bool confirms_refuted(const struct conversation *c, enum conversation_side side)
{
	return c->refuted_ns && side != c->reset_side && c->stream[side].segs == c->refuted_at;
}

static void take_back_refutation(struct conversation *c, enum conversation_side side,
				 const struct packet *p)
{
	conversation_note_time(c, p);
	c->stream[side].segs++;
	c->stream[c->reset_side].ignored--;
	c->reset_ns = c->refuted_ns;
	c->refuted_ns = 0;
	begin_to_end(c);
}

enum conversation_step conversation_take_reset(struct conversation *c, const struct handshake *h,
					       const struct packet *p)
{
	enum conversation_side side = side_of(h, p);
	const struct judges j = conversation_judges(c, h, side, p);

	/* The first one tells who reset it. */
	if (c->phase == CONVERSATION_ENDING)
		return CONVERSATION_TAKEN;
	switch (stream_judge_reset(&c->stream[side], p->seq, &j.own)) {
	case STREAM_RESET_SURE:
		if (confirms_refuted(c, side)) {
			take_back_refutation(c, side, p);
			return CONVERSATION_TAKEN;
		}
		note_acknowledged(c, side, p, &j);
		note_reset(c, h, side, p);
		begin_to_end(c);
		return CONVERSATION_TAKEN;
	case STREAM_RESET_POSSIBLE:
		note_reset(c, h, side, p);
		return CONVERSATION_DOUBTED;
	default:
		return CONVERSATION_FOREIGN;
	}
}

/* Is the end of this segment behind the RST's number? */
static bool is_beyond_reset(const struct conversation *c, const struct packet *p)
{
	uint32_t beyond = p->seq + p->payload_len + (p->flags & TCP_FIN) - c->reset_seq;

	return beyond && beyond < 1u << 31;
}

bool conversation_is_over(struct conversation *c, const struct handshake *h, const struct packet *p)
{
	/* The other side did not know of it yet: what it says counts. */
	if (side_of(h, p) != c->reset_side)
		return false;
	/* Nobody goes on after its own RST. What it sent before may be captured behind it. */
	if (!is_beyond_reset(c, p) && p->time_ns < c->reset_ns + REORDER_NS)
		return conversation_judge(c, h, p) != CONVERSATION_FOLLOWS;
	c->phase = CONVERSATION_SYNCHRONISED;
	c->end = CONVERSATION_LIVE;
	refute(c);
	return false;
}

void conversation_doubt_reset(struct conversation *c, const struct handshake *h,
			      const struct packet *p)
{
	if (side_of(h, p) != c->reset_side)
		return;
	if (is_beyond_reset(c, p) || p->time_ns > c->reset_ns + REORDER_NS) {
		refute(c);
	} else if ((uint32_t)c->stream[c->reset_side].next == c->reset_seq) {
		/* What was missing before it was only captured behind it. */
		begin_to_end(c);
	} else {
		c->is_reset_refuted = true;
	}
}

static bool is_finished(const struct conversation *c)
{
	return conversation_stream(c, SIDE_CLIENT)->has_fin &&
	       conversation_stream(c, SIDE_SERVER)->has_fin;
}

static bool awaits_end(const struct conversation *c)
{
	return is_finished(c) || (c->reset_ns && !c->is_reset_refuted);
}

uint64_t conversation_patience_ns(const struct conversation *c)
{
	if (c->phase == CONVERSATION_ENDING)
		return CONVERSATION_SURE_NS;
	return c->phase == CONVERSATION_SYNCHRONISED && awaits_end(c) ? CONVERSATION_DOUBT_NS : 0;
}

void conversation_settle(struct conversation *c)
{
	if (c->phase == CONVERSATION_ENDING) {
		stream_settle(&c->stream[c->reset_side], c->reset_seq);
		conversation_close(c, (enum conversation_end)c->end, c->reset_ns);
	} else if (is_finished(c)) {
		for (int side = 0; side < SIDE_COUNT; side++)
			stream_settle(&c->stream[side], (uint32_t)c->stream[side].fin_at);
		conversation_close(c, CONVERSATION_FIN, c->last_ns);
	} else {
		begin_to_end(c);
		conversation_close(c, (enum conversation_end)c->end, c->reset_ns);
	}
}

enum conversation_fit conversation_judge(const struct conversation *c, const struct handshake *h,
					 const struct packet *p)
{
	enum conversation_side side = side_of(h, p);
	const struct stream *s = &c->stream[side], *peer = &c->stream[peer_of(c, side)];
	const struct judges j = conversation_judges(c, h, side, p);

	if (stream_follows(s, p->seq, j.own.room) &&
	    (!(p->flags & TCP_ACK) || stream_follows(peer, p->ack, j.acked.room)))
		return CONVERSATION_FOLLOWS;
	if (!stream_fit(s, p->seq, &j.own) || !stream_fit(peer, p->ack, &j.acked))
		return CONVERSATION_UNFIT;
	return CONVERSATION_FITS;
}
