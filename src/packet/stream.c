// SPDX-License-Identifier: BSD-2-Clause
#include "packet/stream.h"

#include <string.h>

#include "packet/sequence.h"

/* Once around the sequence numbers. Positions begin here, so that those before the base are still
 * positive. */
#define EPOCH ((uint64_t)1 << 32)

void stream_begin(struct stream *s, uint32_t first_seq)
{
	if (s->is_begun)
		return;
	s->base = s->next = s->acked = EPOCH | first_seq;
	s->is_begun = true;
}

/*
 * The position of a number. What is older than anything that the peer could still want was not sent
 * then, if it is newer: the numbers have gone once around.
 */
static uint64_t place(const struct stream *s, uint32_t seq, const struct stream_peer *peer)
{
	uint64_t at = sequence_unwrap(s->next, seq);

	if (peer->is_newer && at + peer->room < s->acked)
		at += EPOCH;
	return at;
}

static enum stream_fit judge(const struct stream *s, uint64_t at, const struct stream_peer *peer)
{
	if (at > s->next + peer->room)
		return s->has_fin && !s->fin_is_guessed ? STREAM_UNFIT : STREAM_FAR;
	return at + SEQUENCE_WINDOW_MAX < s->next ? STREAM_UNFIT : STREAM_NEAR;
}

enum stream_fit stream_fit(const struct stream *s, uint32_t seq, const struct stream_peer *peer)
{
	return s->is_begun ? judge(s, place(s, seq, peer), peer) : STREAM_NEAR;
}

bool stream_follows(const struct stream *s, uint32_t seq, uint64_t room)
{
	uint64_t at = sequence_unwrap(s->next, seq);

	return !s->is_begun || (at + room >= s->acked && at <= s->next + room);
}

/* Gaps */

/* An unused place, else that of the oldest. */
static struct stream_gap *free_gap(struct stream *s)
{
	struct stream_gap *best = &s->gap[0];

	for (int i = 0; i < STREAM_GAPS; i++) {
		struct stream_gap *g = &s->gap[i];

		if (g->from == g->to)
			return g;
		if (g->time_ns < best->time_ns)
			best = g;
	}
	return best;
}

static void add_gap(struct stream *s, uint64_t from, uint64_t to, uint64_t time_ns)
{
	*free_gap(s) = (struct stream_gap){.from = from, .to = to, .time_ns = time_ns};
}

/* Sent by now: up to `to`, of which nothing from `next` on was seen. */
static void skip_to(struct stream *s, uint64_t to, uint64_t time_ns)
{
	add_gap(s, s->next, to, time_ns);
	s->missed_bytes += to - s->next;
	s->next = to;
}

struct fill {
	uint64_t from, to;
	uint64_t time_ns, reorder_ns;
	uint64_t soon_bytes, late_bytes; /* of gaps, by age */
};

static void fill_gap(struct stream *s, struct stream_gap *g, struct fill *f)
{
	uint64_t from = f->from > g->from ? f->from : g->from;
	uint64_t to = f->to < g->to ? f->to : g->to;
	struct stream_gap rest = {.from = to, .to = g->to, .time_ns = g->time_ns};

	if (from >= to)
		return;
	if (f->time_ns > g->time_ns + f->reorder_ns)
		f->late_bytes += to - from;
	else
		f->soon_bytes += to - from;
	g->to = from;
	if (rest.from == rest.to)
		return;
	if (g->from == g->to)
		*g = rest;
	else
		*free_gap(s) = rest;
}

/* Segments */

/* [from, to) was sent before. */
static void take_old(struct stream *s, uint64_t from, uint64_t to, uint64_t time_ns,
		     uint64_t reorder_ns)
{
	struct fill f = {.from = from, .to = to, .time_ns = time_ns, .reorder_ns = reorder_ns};
	uint64_t repeated;

	for (int i = 0; i < STREAM_GAPS; i++)
		fill_gap(s, &s->gap[i], &f);
	s->missed_bytes -= f.soon_bytes + f.late_bytes;
	repeated = to - from - f.soon_bytes;
	s->retrans_bytes += repeated;
	s->is_repeating |= repeated && to > s->acked;
	if (repeated)
		s->retrans_segs++;
	else
		s->reordered_segs++;
}

/*
 * A keep-alive repeats the last byte, or a byte before the window, that is acknowledged already
 * (RFC 9293 section 3.8.4); a retransmission of one byte repeats one that is not.
 */
static bool is_keepalive(const struct stream *s, uint64_t at, const struct packet *p)
{
	return p->payload_len == 1 && !(p->flags & TCP_FIN) && at + 1 == s->next &&
	       s->acked == s->next && !s->has_fin;
}

/* RFC 9293 section 3.8.6.1: one byte into a closed window. Whether it was taken, its ACK tells. */
static bool is_window_probe(const struct stream *s, uint64_t at, const struct packet *p)
{
	return p->payload_len == 1 && at == s->next && s->acked == s->next;
}

static void take_payload(struct stream *s, uint64_t at, uint64_t end, const struct packet *p,
			 uint64_t reorder_ns)
{
	s->data_segs++;
	s->is_probing = false;
	if (at < s->base) /* older than what we measure from */
		at = s->base;
	if (at >= end)
		return;
	if (at < s->next)
		take_old(s, at, end < s->next ? end : s->next, p->time_ns, reorder_ns);
	if (at > s->next)
		skip_to(s, at, p->time_ns);
	if (end > s->next)
		s->next = end;
}

/*
 * The ACK of a FIN may be captured before the FIN, and then looks like the ACK of one more byte.
 */
static bool was_acked_early(struct stream *s, uint64_t end)
{
	if (end + 1 != s->next || s->acked != s->next)
		return false;
	for (int i = 0; i < STREAM_GAPS; i++) {
		struct stream_gap *g = &s->gap[i];

		if (g->from == g->to || g->to != s->next)
			continue;
		g->to--;
		s->missed_bytes--;
		s->next = s->acked = end;
		return true;
	}
	return false;
}

static void take_fin(struct stream *s, uint64_t end, bool has_payload)
{
	if (s->has_fin) {
		s->retrans_segs += !has_payload;
		return;
	}
	s->fin_is_acked = was_acked_early(s, end);
	if (end != s->next) { /* no FIN is followed by data: not this sender's */
		s->ignored++;
		return;
	}
	s->has_fin = true;
	s->fin_at = end;
}

/* Claims */

/* Of a capture that was thinned out no two packets may be within a window. */
#define CLAIMS_IN_ROW 2

static bool agrees(const struct stream *s, uint64_t at, const struct stream_peer *peer)
{
	if (!s->claim.is_made || at + peer->room < s->claim.from)
		return false;
	return at <= s->claim.to + peer->room || s->claim.in_row + 1 == CLAIMS_IN_ROW;
}

static void drop_claim(struct stream *s)
{
	if (s->claim.is_made)
		s->ignored++;
	s->claim.is_made = false;
}

static void make_claim(struct stream *s, const struct stream_claim *claim)
{
	bool is_farther = s->claim.is_made && claim->from > s->claim.from;
	uint8_t in_row = is_farther ? (uint8_t)(s->claim.in_row + 1) : 0;

	drop_claim(s);
	s->claim = *claim;
	s->claim.in_row = in_row;
	s->claim.is_made = true;
}

static void believe_claim(struct stream *s, uint64_t time_ns)
{
	const struct stream_claim claim = s->claim;

	s->claim.is_made = false;
	if (claim.from > s->next)
		skip_to(s, claim.from, time_ns);
	if (claim.to > s->next)
		s->next = claim.to;
	if (claim.is_of_peer)
		s->acked = claim.to > s->acked ? claim.to : s->acked;
	else
		s->data_segs += claim.to > claim.from;
	if (claim.has_fin)
		take_fin(s, claim.to, claim.to > claim.from);
}

/* A guess that its last byte was the FIN is refuted by what the sender says itself. */
static void correct_guess(struct stream *s)
{
	if (!s->fin_is_guessed)
		return;
	s->fin_is_guessed = s->has_fin = s->fin_is_acked = false;
	s->next = s->acked = s->fin_at + 1;
	s->missed_bytes++;
}

static void take_near(struct stream *s, uint64_t at, uint64_t end, const struct packet *p,
		      const struct stream_peer *peer)
{
	bool fin = p->flags & TCP_FIN;

	if (s->claim.is_made && (end > s->next || at == s->next))
		drop_claim(s);
	if (!p->payload_len && !fin)
		return;
	if (s->has_fin && end > s->fin_at) {
		s->ignored++;
		return;
	}
	if (is_keepalive(s, at, p)) {
		s->keepalives++;
		return;
	}
	if (peer->is_window_closed && is_window_probe(s, at, p) && !fin) {
		s->window_probes++;
		s->is_probing = true;
		return;
	}
	if (p->payload_len)
		take_payload(s, at, end, p, peer->reorder_ns);
	if (fin && end > s->next)
		skip_to(s, end, p->time_ns);
	if (fin)
		take_fin(s, end, p->payload_len);
}

static void note_header(struct stream *s, const struct packet *p)
{
	s->segs++;
	s->window = p->window;
	/* That of a SYN is not scaled, and there is no larger one without (RFC 7323 section 2.2).
	 */
	if (!(p->flags & TCP_SYN) && p->window > s->window_max)
		s->window_max = p->window;
	if (p->options & PACKET_TIMESTAMP &&
	    (!s->has_tsval || (int32_t)(p->tsval - s->tsval) > 0)) {
		s->tsval = p->tsval;
		s->has_tsval = true;
	}
}

/* Where it begins may be known from nothing but one acknowledgement: the sender knows better. */
static bool begin_anew(struct stream *s, uint32_t first_seq)
{
	if (s->segs || s->next != s->base)
		return false;
	s->is_begun = s->claim.is_made = false;
	stream_begin(s, first_seq);
	return true;
}

enum stream_fit stream_take(struct stream *s, const struct packet *p,
			    const struct stream_peer *peer)
{
	uint32_t seq = p->seq + (p->flags & TCP_SYN ? 1 : 0);
	uint64_t at, end;
	enum stream_fit fit;

	correct_guess(s);
	at = place(s, seq, peer);
	fit = s->is_begun ? judge(s, at, peer) : STREAM_NEAR;
	if (fit != STREAM_NEAR && begin_anew(s, seq)) {
		at = s->base;
		fit = STREAM_NEAR;
	}
	end = at + p->payload_len;
	if (fit == STREAM_FAR && agrees(s, at, peer)) {
		believe_claim(s, p->time_ns);
		fit = STREAM_NEAR;
	}
	if (fit == STREAM_FAR)
		make_claim(s, &(struct stream_claim){
				      .from = at, .to = end, .has_fin = p->flags & TCP_FIN});
	if (fit != STREAM_NEAR)
		return fit;
	note_header(s, p);
	s->taken_from = at;
	s->taken_to = end + (p->flags & TCP_FIN ? 1 : 0);
	take_near(s, at, end, p, peer);
	return STREAM_NEAR;
}

enum stream_fit stream_acknowledge(struct stream *s, uint32_t ack, const struct stream_peer *peer,
				   uint64_t time_ns)
{
	uint64_t to = place(s, ack, peer);
	enum stream_fit fit = judge(s, to, peer);

	if (s->has_fin && to > s->fin_at + 1)
		correct_guess(s);
	if (fit == STREAM_FAR && agrees(s, to, peer)) {
		believe_claim(s, time_ns);
		fit = STREAM_NEAR;
	}
	if (s->has_fin && to == s->fin_at + 1) {
		s->fin_is_acked = true;
		to = s->fin_at;
	}
	if (fit == STREAM_FAR)
		make_claim(s, &(struct stream_claim){.from = to, .to = to, .is_of_peer = true});
	if (fit == STREAM_UNFIT || (s->has_fin && to > s->fin_at)) {
		s->ignored++;
		return STREAM_UNFIT;
	}
	if (fit != STREAM_NEAR)
		return fit;
	if (s->claim.is_made && s->claim.is_of_peer && to >= s->acked)
		drop_claim(s);
	if (to == s->next + 1 && s->is_probing)
		s->next = to;
	if (to > s->next)
		skip_to(s, to, time_ns);
	if (to > s->acked) {
		s->acked_bytes_last = (uint32_t)(to - s->acked);
		s->acked = to;
		s->is_repeating = false;
	}
	return STREAM_NEAR;
}

void stream_guess_fin(struct stream *s, bool other_had_closed)
{
	if (s->segs || s->has_fin || s->acked != s->next || s->acked == s->base)
		return;
	if (s->acked_bytes_last != 1 && !other_had_closed)
		return;
	s->next = s->acked = s->fin_at = s->acked - 1;
	s->missed_bytes--;
	s->has_fin = s->fin_is_guessed = s->fin_is_acked = true;
}

enum stream_reset stream_judge_reset(const struct stream *s, uint32_t seq,
				     const struct stream_peer *peer)
{
	uint64_t at = place(s, seq, peer);

	/* Of the receiver it is seen what it has acknowledged, not what it has received since; so
	 * anything from there to what was sent last may be what it expects next. */
	if (!s->is_begun || (at >= s->acked && at <= s->next + s->has_fin))
		return STREAM_RESET_SURE;
	if (at < s->acked || s->has_fin)
		return STREAM_RESET_IGNORED;
	return at <= s->next + peer->room || agrees(s, at, peer) ? STREAM_RESET_POSSIBLE
								 : STREAM_RESET_IGNORED;
}

void stream_settle(struct stream *s, uint32_t seq)
{
	uint64_t at = sequence_unwrap(s->next, seq);

	if (!s->is_begun || s->is_repeating)
		return;
	if (at > s->next)
		at = s->next;
	if (at > s->acked)
		s->acked = at;
}
