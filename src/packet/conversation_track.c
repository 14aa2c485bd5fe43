// SPDX-License-Identifier: BSD-2-Clause
/* What a segment adds to a conversation that it belongs to. */
#include "packet/conversation_part.h"
#include "packet/sequence.h"

/*
 * A retransmission cannot fill a gap in less than a round trip after it was noticed: the segment
 * that showed the gap has to reach the receiver, and its answer the sender (RFC 8985 waits longer
 * still). Some is taken off, since the handshake may have been slower than data is.
 */
#define REORDER_NS_UNKNOWN 3000000u

/* Where a shift count was not seen: what Linux needs for its default of 6 MiB, and some more. */
#define SCALE_TYPICAL 8

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

/* Windows */

static void note_scale(struct conversation *c, enum conversation_side side, const struct packet *p)
{
	if (p->options & PACKET_WSCALE)
		c->scale[side] = p->wscale;
	else if (!(p->options & PACKET_OPTIONS_CUT))
		c->scale[side] = SCALE_ABSENT;
}

/* Both have to offer it, or no window is scaled (RFC 7323 section 2.2). */
static unsigned int shift_of(const struct conversation *c, enum conversation_side side)
{
	if (c->scale[side] == SCALE_ABSENT || c->scale[peer_of(c, side)] == SCALE_ABSENT)
		return 0;
	return c->scale[side] == SCALE_UNKNOWN ? SCALE_TYPICAL : c->scale[side];
}

/* The largest window that `side` has offered. */
static uint64_t room_of(const struct conversation *c, enum conversation_side side)
{
	const struct stream *s = &c->stream[side];
	uint64_t window = s->segs ? s->window_max : SEQUENCE_WINDOW_UNSCALED;

	window <<= shift_of(c, side);
	return window > SEQUENCE_WINDOW_UNSCALED ? window : SEQUENCE_WINDOW_UNSCALED;
}

/* What has to be known of the side that a stream goes to, to judge a number of it. */
static struct stream_peer judge_of(const struct conversation *c, const struct handshake *h,
				   enum conversation_side receiver)
{
	const struct stream *s = &c->stream[receiver];

	return (struct stream_peer){
		.room = room_of(c, receiver),
		.reorder_ns = reorder_ns(c, h),
		.is_window_closed = s->segs && !s->window,
	};
}

/* Segments */

static bool is_newer(const struct stream *s, const struct packet *p)
{
	return p->options & PACKET_TIMESTAMP && s->has_tsval && (int32_t)(p->tsval - s->tsval) > 0;
}

struct judges conversation_judges(const struct conversation *c, const struct handshake *h,
				  enum conversation_side side, const struct packet *p)
{
	struct judges j = {
		.own = judge_of(c, h, peer_of(c, side)),
		.acked = judge_of(c, h, side),
	};

	j.own.is_newer = j.acked.is_newer = is_newer(&c->stream[side], p);
	return j;
}

void conversation_note_time(struct conversation *c, const struct packet *p)
{
	c->has_news = true;
	if (p->time_ns > c->last_ns)
		c->last_ns = p->time_ns;
	if (p->time_ns < c->first_ns)
		c->first_ns = p->time_ns;
}

/*
 * Count a segment that belongs here: what it carries, and what it acknowledges. Of one that is too
 * far to be believed alone, what it acknowledges may confirm something else, or wait as well.
 */
enum conversation_step conversation_track(struct conversation *c, const struct handshake *h,
					  const struct packet *p)
{
	enum conversation_side side = side_of(h, p);
	struct stream *s = &c->stream[side], *peer = &c->stream[peer_of(c, side)];
	const struct judges j = conversation_judges(c, h, side, p);
	bool syn = p->flags & TCP_SYN, had_fin = s->has_fin;
	enum stream_fit fit = STREAM_NEAR;
	uint64_t acked = 0;

	if (syn)
		note_scale(c, side, p);
	if (p->payload_len || p->flags & TCP_FIN)
		begin_stream(c, h, side, p->seq + syn);
	if (syn && stream_sent_bytes(s)) /* a SYN again, with its Fast Open data */
		s->segs++;
	else
		fit = stream_take(s, p, &j.own);
	if (p->flags & TCP_ACK) {
		begin_stream(c, h, peer_of(c, side), p->ack);
		acked = peer->acked;
		if (fit == STREAM_NEAR || stream_fit(peer, p->ack, &j.acked) == STREAM_FAR)
			stream_acknowledge(peer, p->ack, &j.acked, p->time_ns);
	}
	if (fit != STREAM_NEAR)
		return CONVERSATION_DOUBTED;
	conversation_note_time(c, p);
	if (s->has_fin && p->flags & TCP_ACK && (peer->acked > acked || !had_fin))
		stream_guess_fin(peer, had_fin);
	if (!had_fin && s->has_fin)
		c->is_passive_close[side] = peer->fin_is_acked;
	return CONVERSATION_TAKEN;
}
