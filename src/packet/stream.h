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

struct stream {
	uint64_t base;	/* of the first byte */
	uint64_t next;	/* behind the last byte sent */
	uint64_t acked; /* behind the last byte that the peer acknowledged */
	uint64_t fin_at;
	uint64_t retrans_bytes;
	uint64_t missed_bytes; /* sent, but never captured */
	struct stream_gap gap[STREAM_GAPS];
	uint32_t segs, data_segs;
	uint32_t retrans_segs; /* of data or FIN */
	uint32_t reordered_segs;
	uint32_t keepalives, window_probes;
	uint32_t ignored; /* numbers that cannot be of this connection */
	uint16_t window;  /* that the sender last offered, not scaled */
	bool is_begun;
	bool has_fin, fin_is_acked;
	bool is_probing; /* the byte at `next` was sent into a closed window */
};

/* The first byte will have this number. */
void stream_begin(struct stream *s, uint32_t first_seq);

/* Could `seq` be a number of this direction, at this time? True if it is not begun. */
bool stream_fits(const struct stream *s, uint32_t seq);

/*
 * A segment of the sender that fits: payload and FIN. `peer_window` is what the peer last offered,
 * not 0 if that is not known.
 * Bytes that fill a gap within `reorder_ns` are out of order, later ones retransmitted.
 */
void stream_take(struct stream *s, const struct packet *p, uint16_t peer_window,
		 uint64_t reorder_ns);

/* The peer acknowledges up to `ack`. */
void stream_acknowledge(struct stream *s, uint32_t ack, uint64_t time_ns);

/* Is a RST with this number one that the peer acts upon, as far as can be seen? */
bool stream_accepts_reset(const struct stream *s, uint32_t seq);

static inline uint64_t stream_sent_bytes(const struct stream *s)
{
	return s->next - s->base;
}

static inline uint64_t stream_acked_bytes(const struct stream *s)
{
	return s->acked - s->base;
}
