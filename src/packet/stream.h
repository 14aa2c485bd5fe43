// SPDX-License-Identifier: BSD-2-Clause
/*
 * One direction of a connection: which bytes its sender has put on the wire, by sequence numbers.
 *
 * Positions are sequence numbers extended to 64 bits, so they do not wrap at 4 GiB. Everything
 * between `base` and `next` has been sent, whether or not the capture holds the packets: a number
 * beyond proves it, and so does the peer's acknowledgement. SYN and FIN are not counted.
 *
 * What was sent but not seen is a gap. When bytes arrive that were sent before, a gap tells whether
 * they are seen for the first time: then the packets were only captured or delivered in another
 * order (soon after), or the first copy was lost before it came here (later). All other old bytes
 * are retransmissions.
 *
 * How far ahead may a number be? No farther than the peer's window, or the peer drops the segment
 * (RFC 9293 section 3.10.7.4 first). But a capture has holes, of a second and a gigabyte, and an
 * ACK that would show it may be in the hole too. So what lies beyond the window is a claim, which
 * waits for a witness: it is believed when another segment of the sender, or an acknowledgement of
 * the peer, says the same, or when a third in a row goes still farther; it is dropped when the
 * sender goes on at the old number. Half of the number space is ahead (RFC 9293 section 3.4), so a
 * hole may be nearly 2 GiB wide; where the time stamp option (RFC 7323 section 5) shows that a
 * segment is newer, what seems to be older than the window is ahead too.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"

/* Gaps remembered at once. Bytes of older ones count as retransmitted when they come. */
#define STREAM_GAPS 8

struct stream_gap {
	uint64_t from, to; /* empty if equal */
	uint64_t time_ns;  /* when it was noticed */
};

/* Bytes that were sent if somebody confirms it; of an acknowledgement an empty range. */
struct stream_claim {
	uint64_t from, to;
	uint8_t in_row; /* claims before it, each farther than the one before */
	bool is_made;
	bool is_of_peer;
	bool has_fin;
};

struct stream {
	uint64_t base;	/* of the first byte */
	uint64_t next;	/* behind the last byte sent */
	uint64_t acked; /* behind the last byte that the peer acknowledged */
	uint64_t fin_at;
	uint64_t taken_from, taken_to; /* of the segment that was taken last, its FIN included */
	uint64_t retrans_bytes;
	uint64_t missed_bytes; /* sent, but never captured */
	struct stream_claim claim;
	struct stream_gap gap[STREAM_GAPS];
	uint32_t segs, data_segs;
	uint32_t retrans_segs; /* of data or FIN */
	uint32_t reordered_segs;
	uint32_t keepalives, window_probes;
	uint32_t ignored; /* numbers that cannot be of this connection, or found no witness */
	uint32_t acked_bytes_last; /* by how much the last acknowledgement went on */
	uint32_t tsval;		   /* of the newest segment, if has_tsval */
	uint16_t window;	   /* that the sender last offered, not scaled */
	uint16_t window_max;	   /* the largest that was scaled, as it was on the wire */
	bool is_begun;
	bool has_fin, fin_is_acked;
	bool fin_is_guessed; /* of a sender none of whose segments was captured */
	bool is_probing;     /* the byte at `next` was sent into a closed window */
	bool is_repeating;   /* bytes were sent again that the peer has not acknowledged since */
	bool has_tsval;
};

/* What is known of the other side when a number is judged. */
struct stream_peer {
	uint64_t room;	     /* the largest window that it offered, in bytes */
	uint64_t reorder_ns; /* bytes that fill a gap within it are out of order, not sent again */
	bool is_window_closed; /* it last offered nothing */
	bool is_newer;	       /* a time stamp shows that this segment follows all those before */
};

/* Where is a number, or a segment, of this direction? */
enum stream_fit {
	STREAM_UNFIT, /* it cannot be one: too old, or behind the FIN */
	STREAM_FAR,   /* ahead, farther than the window */
	STREAM_NEAR,
};

/* The first byte will have this number. */
void stream_begin(struct stream *s, uint32_t first_seq);

/* Near if it is not begun. */
enum stream_fit stream_fit(const struct stream *s, uint32_t seq, const struct stream_peer *peer);

/* Is it one that a sender would use that goes on where it was? No farther behind or ahead than the
 * window. */
bool stream_follows(const struct stream *s, uint32_t seq, uint64_t room);

/*
 * A segment of the sender: payload and FIN. One that is far becomes a claim, unless it confirms
 * one, and is not counted yet. Returns where it was, after what it confirmed.
 */
enum stream_fit stream_take(struct stream *s, const struct packet *p,
			    const struct stream_peer *peer);

/* The peer acknowledges up to `ack`: likewise. */
enum stream_fit stream_acknowledge(struct stream *s, uint32_t ack, const struct stream_peer *peer,
				   uint64_t time_ns);

/*
 * The other side closed as well, and none of this sender's segments was captured: was its FIN,
 * which takes a number like a byte, among what is acknowledged? It was if the acknowledgement went
 * on by just one, or goes on although the other side has closed.
 */
void stream_guess_fin(struct stream *s, bool other_had_closed);

/* Whom does a RST of the sender convince? */
enum stream_reset {
	STREAM_RESET_IGNORED,
	STREAM_RESET_POSSIBLE, /* ahead, as if segments before it had not been captured */
	STREAM_RESET_SURE,
};
enum stream_reset stream_judge_reset(const struct stream *s, uint32_t seq,
				     const struct stream_peer *peer);

/*
 * The peer believed a FIN or RST with this number, so it had all before it (RFC 5961 section 3.2:
 * only the number expected next is believed). But not where the sender had sent it again in vain.
 */
void stream_settle(struct stream *s, uint32_t seq);

static inline uint64_t stream_sent_bytes(const struct stream *s)
{
	return s->next - s->base;
}

static inline uint64_t stream_acked_bytes(const struct stream *s)
{
	return s->acked - s->base;
}
