// SPDX-License-Identifier: BSD-2-Clause
#include "packet/stream.h"

#include <string.h>

#include "packet/sequence.h"

/* Positions begin here, so that those before the base are still positive. */
#define FIRST_EPOCH ((uint64_t)1 << 32)

void stream_begin(struct stream *s, uint32_t first_seq)
{
	if (s->is_begun)
		return;
	s->base = s->next = s->acked = FIRST_EPOCH | first_seq;
	s->is_begun = true;
}

bool stream_fits(const struct stream *s, uint32_t seq)
{
	return !s->is_begun || sequence_within(seq, (uint32_t)s->next - SEQUENCE_WINDOW_MAX,
					       2 * SEQUENCE_WINDOW_MAX);
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
static bool is_window_probe(const struct stream *s, uint64_t at, const struct packet *p,
			    uint16_t peer_window)
{
	return p->payload_len == 1 && !peer_window && at == s->next && s->acked == s->next;
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

void stream_take(struct stream *s, const struct packet *p, uint16_t peer_window,
		 uint64_t reorder_ns)
{
	bool syn = p->flags & TCP_SYN, fin = p->flags & TCP_FIN;
	uint64_t at = sequence_unwrap(s->next, p->seq + syn);
	uint64_t end = at + p->payload_len;

	s->segs++;
	s->window = p->window;
	if (!p->payload_len && !fin)
		return;
	if ((s->has_fin && end > s->fin_at) || end > s->next + SEQUENCE_WINDOW_MAX) {
		s->ignored++;
		return;
	}
	if (is_keepalive(s, at, p)) {
		s->keepalives++;
		return;
	}
	if (is_window_probe(s, at, p, peer_window) && !fin) {
		s->window_probes++;
		s->is_probing = true;
		return;
	}
	if (p->payload_len)
		take_payload(s, at, end, p, reorder_ns);
	if (fin && end > s->next)
		skip_to(s, end, p->time_ns);
	if (fin)
		take_fin(s, end, p->payload_len);
}

void stream_acknowledge(struct stream *s, uint32_t ack, uint64_t time_ns)
{
	uint64_t to = sequence_unwrap(s->next, ack);

	if (s->has_fin && to == s->fin_at + 1) {
		s->fin_is_acked = true;
		to = s->fin_at;
	}
	if (to > s->next + SEQUENCE_WINDOW_MAX || (s->has_fin && to > s->fin_at)) {
		s->ignored++;
		return;
	}
	if (to == s->next + 1 && s->is_probing)
		s->next = to;
	if (to > s->next)
		skip_to(s, to, time_ns);
	if (to > s->acked)
		s->acked = to;
}

/*
 * RFC 5961 section 3.2 acts only upon the number expected next. Of the receiver it is seen what it
 * has acknowledged, not what it has received since; so anything from there to what was sent last.
 */
bool stream_accepts_reset(const struct stream *s, uint32_t seq)
{
	uint64_t at = sequence_unwrap(s->next, seq);

	return !s->is_begun || (at >= s->acked && at <= s->next + s->has_fin);
}
