// SPDX-License-Identifier: BSD-2-Clause
/* A stream of bytes, a clock, and the other side, for the tests of packet/stream. */
#pragma once
#include "packet/stream.h"

#include "packets.h"

#define REORDER_NS (3ull * MS)
#define OPEN 60000

/* A stream whose first byte has the number 1001, and a clock. */
struct scene {
	struct stream s;
	uint64_t now_ns;
	uint16_t peer_window;
	bool is_newer;
};

static inline struct scene begun(void)
{
	struct scene x = {.now_ns = SECOND, .peer_window = OPEN};

	stream_begin(&x.s, 1001);
	return x;
}

static inline struct stream_peer peer_of(const struct scene *x)
{
	return (struct stream_peer){
		.room = OPEN,
		.reorder_ns = REORDER_NS,
		.is_window_closed = !x->peer_window,
		.is_newer = x->is_newer,
	};
}

static inline void send_flags(struct scene *x, unsigned int flags, uint32_t seq, uint32_t len)
{
	struct packet p = packet_of((struct segment)C(flags, seq, 1, len), x->now_ns);
	const struct stream_peer peer = peer_of(x);

	stream_take(&x->s, &p, &peer);
}

static inline void send_bytes(struct scene *x, uint32_t seq, uint32_t len)
{
	send_flags(x, ACK, seq, len);
}

static inline void acknowledge(struct scene *x, uint32_t ack)
{
	const struct stream_peer peer = peer_of(x);

	stream_acknowledge(&x->s, ack, &peer, x->now_ns);
}
