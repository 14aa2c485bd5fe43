// SPDX-License-Identifier: BSD-2-Clause
/* What a segment adds to a conversation that it belongs to. */
#include "packet/conversation_part.h"
#include "packet/icmp.h"
#include "packet/sequence.h"

/*
 * A retransmission cannot fill a gap in less than a round trip after it was noticed: the segment
 * that showed the gap has to reach the receiver, and its answer the sender (RFC 8985 waits longer
 * still). Some is taken off, since the handshake may have been slower than data is.
 */
#define REORDER_NS_UNKNOWN 3000000u

/* Where a shift count was not seen: what Linux needs for its default of 6 MiB, and some more. */
#define SCALE_TYPICAL 8

/* 0: not known. */
static uint64_t handshake_rtt_ns(const struct conversation *c, const struct handshake *h)
{
	if (!(h->marks & HANDSHAKE_SAW_SYN) || c->established_ns <= h->syn_last_ns)
		return 0;
	return c->established_ns - h->syn_last_ns;
}

static uint64_t reorder_ns(const struct conversation *c, const struct handshake *h)
{
	uint64_t rtt_ns = handshake_rtt_ns(c, h);

	return rtt_ns ? rtt_ns - rtt_ns / 4 : REORDER_NS_UNKNOWN;
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

static void note_sack(struct conversation *c, enum conversation_side side, const struct packet *p)
{
	if (!(p->options & (PACKET_SACK_PERMITTED | PACKET_OPTIONS_CUT)))
		c->lacks_sack[side] = true;
}

/* Both have to offer it, or no window is scaled (RFC 7323 section 2.2). */
static unsigned int shift_of(const struct conversation *c, enum conversation_side side)
{
	if (c->scale[side] == SCALE_ABSENT || c->scale[peer_of(c, side)] == SCALE_ABSENT)
		return 0;
	return c->scale[side] == SCALE_UNKNOWN ? SCALE_TYPICAL : c->scale[side];
}

/* The largest window that `side` has offered; of a SYN it is not scaled. */
static void note_room(struct conversation *c, enum conversation_side side)
{
	const struct stream *s = &c->stream[side];
	uint32_t window = s->segs ? s->window_max : SEQUENCE_WINDOW_UNSCALED;

	window <<= shift_of(c, side);
	c->room[side] = window > SEQUENCE_WINDOW_UNSCALED ? window : SEQUENCE_WINDOW_UNSCALED;
}

void conversation_begin_windows(struct conversation *c)
{
	c->scale[SIDE_CLIENT] = c->scale[SIDE_SERVER] = SCALE_UNKNOWN;
	note_room(c, SIDE_CLIENT);
	note_room(c, SIDE_SERVER);
}

/* Segments */

static bool is_newer(const struct stream *s, const struct packet *p)
{
	return p->options & PACKET_TIMESTAMP && s->has_tsval && (int32_t)(p->tsval - s->tsval) > 0;
}

struct judges conversation_judges(const struct conversation *c, const struct handshake *h,
				  enum conversation_side side, const struct packet *p)
{
	const enum conversation_side other = peer_of(c, side);
	const struct stream *s = &c->stream[side], *peer = &c->stream[other];
	bool newer = is_newer(s, p);

	return (struct judges){
		.own = {.room = c->room[other],
			.reorder_ns = reorder_ns(c, h),
			.is_window_closed = peer->segs && !peer->window,
			.is_newer = newer},
		.acked = {.room = c->room[side], .is_newer = newer},
	};
}

void conversation_note_time(struct conversation *c, const struct packet *p)
{
	if (p->time_ns > c->last_ns)
		c->last_ns = p->time_ns;
	if (p->time_ns < c->first_ns)
		c->first_ns = p->time_ns;
}

/* What a segment that was taken says besides its numbers. */
static void note_header(struct conversation *c, enum conversation_side side, const struct packet *p,
			uint16_t window_before)
{
	if (p->flags & TCP_SYN) {
		note_scale(c, side, p);
		note_sack(c, side, p);
		note_room(c, SIDE_CLIENT);
		note_room(c, SIDE_SERVER);
	} else if (c->stream[side].window_max != window_before || c->stream[side].segs == 1) {
		note_room(c, side);
	}
	conversation_note_time(c, p);
}

/* Of a segment that is too far to be believed alone, what it acknowledges may confirm something
 * else, or wait as well. */
static enum conversation_step doubt(struct stream *peer, const struct packet *p,
				    const struct stream_peer *judge)
{
	if (p->flags & TCP_ACK && stream_fit(peer, p->ack, judge) == STREAM_FAR)
		stream_acknowledge(peer, p->ack, judge, p->time_ns);
	return CONVERSATION_DOUBTED;
}

/* Behind all that was sent, and what of it was acknowledged, a FIN included. */
static uint64_t highest_of(const struct stream *s)
{
	return s->next + s->has_fin;
}

static uint64_t acked_of(const struct stream *s)
{
	return s->acked + s->fin_is_acked;
}

static bool has_sack(const struct conversation *c)
{
	return !c->lacks_sack[SIDE_CLIENT] && !c->lacks_sack[SIDE_SERVER];
}

/* What will be known of a segment with payload or FIN, as far as it is known before it is taken. */
static struct resend_sent begin_sent(const struct conversation *c, const struct handshake *h,
				     const struct stream *s, const struct judges *j)
{
	return (struct resend_sent){
		.acked = acked_of(s),
		.highest = highest_of(s),
		.rtt_ns = handshake_rtt_ns(c, h),
		.again = s->retrans_segs,
		.has_sack = has_sack(c),
		.is_window_closed = j->own.is_window_closed,
	};
}

static void end_sent(struct resend *r, const struct stream *s, struct resend_sent *sent,
		     const struct packet *p)
{
	if (!p->payload_len && !(p->flags & TCP_FIN))
		return;
	sent->from = s->taken_from;
	sent->to = s->taken_to;
	sent->again = s->retrans_segs - sent->again;
	resend_sent(r, sent, p);
}

static void note_heard(struct conversation *c, enum conversation_side side, uint64_t before,
		       const struct packet *p)
{
	const struct stream *s = &c->stream[side];
	const struct resend_heard heard = {
		.before = before,
		.acked = acked_of(s),
		.highest = highest_of(s),
		.has_sack = has_sack(c),
	};

	resend_heard(&c->resend[side], &heard, p);
}

void conversation_take_icmp(struct conversation *c, const struct handshake *h,
			    const struct packet *p)
{
	enum conversation_side side = side_of(h, p);
	const struct stream *s = &c->stream[side];
	uint64_t at = sequence_unwrap(s->next, p->seq);

	/* It must be about what is in flight (RFC 5927 section 4.1). */
	if (s->is_begun && at >= s->acked && at < s->next &&
	    icmp_is_too_big(p->family, p->icmp_type, p->icmp_code))
		resend_too_big(&c->resend[side], acked_of(s), highest_of(s));
}

enum conversation_step conversation_track(struct conversation *c, const struct handshake *h,
					  const struct packet *p)
{
	enum conversation_side side = side_of(h, p), other = peer_of(c, side);
	struct stream *s = &c->stream[side], *peer = &c->stream[other];
	const struct judges j = conversation_judges(c, h, side, p);
	bool syn = p->flags & TCP_SYN, had_fin = s->has_fin;
	uint16_t window_before = s->window_max;
	enum stream_fit fit = STREAM_NEAR;
	struct resend_sent sent;
	uint64_t acked = 0, heard = 0;

	if (p->payload_len || p->flags & TCP_FIN)
		begin_stream(c, h, side, p->seq + syn);
	if (p->flags & TCP_ACK) {
		begin_stream(c, h, other, p->ack);
		acked = peer->acked;
		heard = acked_of(peer);
		/* RFC 5961 section 5: it must make sense too. */
		if (!stream_fit(peer, p->ack, &j.acked))
			return CONVERSATION_FOREIGN;
	}
	sent = begin_sent(c, h, s, &j);
	if (syn && stream_sent_bytes(s)) /* a SYN again, with its Fast Open data */
		s->segs++;
	else
		fit = stream_take(s, p, &j.own);
	if (fit == STREAM_UNFIT)
		return CONVERSATION_FOREIGN;
	if (fit == STREAM_FAR)
		return doubt(peer, p, &j.acked);
	if (!syn)
		end_sent(&c->resend[side], s, &sent, p);
	if (p->flags & TCP_ACK) {
		stream_acknowledge(peer, p->ack, &j.acked, p->time_ns);
		note_heard(c, other, heard, p);
	}
	note_header(c, side, p, window_before);
	c->ttl[side] = ttl_usual(c->ttl[side], p->ttl);
	if (s->has_fin && p->flags & TCP_ACK && (peer->acked > acked || !had_fin))
		stream_guess_fin(peer, had_fin);
	if (!had_fin && s->has_fin)
		c->is_passive_close[side] = peer->fin_is_acked;
	return CONVERSATION_TAKEN;
}
