// SPDX-License-Identifier: BSD-2-Clause
#include "packet/bytes.h"
#include "packet/decode_layer.h"

enum {
	KIND_END = 0,
	KIND_NOP = 1,
	KIND_MSS = 2,
	KIND_WSCALE = 3,
	KIND_SACK_PERMITTED = 4,
	KIND_SACK = 5,
	KIND_TIMESTAMP = 8,
	KIND_FAST_OPEN = 34,
	KIND_EXPERIMENT = 254,
};

/* Fast Open before it had a number of its own (RFC 7413 section 4.1.1, RFC 6994). */
#define FAST_OPEN_MAGIC 0xf989

/* A request has an empty cookie; a cookie has 4 to 16 bytes. */
static void note_fast_open(struct packet *p, unsigned int cookie_len)
{
	if (!cookie_len) {
		p->options |= PACKET_TFO_REQUEST;
	} else if (cookie_len >= 4 && cookie_len <= 16 && cookie_len % 2 == 0) {
		p->options |= PACKET_TFO_COOKIE;
		p->tfo_cookie_len = (uint8_t)cookie_len;
	}
}

struct block {
	uint32_t from, to;
};

static struct block block_at(const uint8_t *o)
{
	return (struct block){.from = load_be32(o), .to = load_be32(o + 4)};
}

/* Is `b` a part of `whole`? */
static bool block_is_within(struct block b, struct block whole)
{
	return b.from - whole.from <= whole.to - whole.from &&
	       b.to - whole.from <= whole.to - whole.from;
}

/*
 * Blocks behind the acknowledged bytes are holes' ends. The first tells of bytes that came again
 * if they are acknowledged already, or part of the second (RFC 2883 section 4).
 */
static void note_sack(struct packet *p, const uint8_t *o, unsigned int len)
{
	const struct block first = block_at(o);
	bool is_again = (int32_t)(first.to - p->ack) <= 0 ||
			(len >= 16 && block_is_within(first, block_at(o + 8)));

	if (is_again && (int32_t)(first.to - first.from) > 0)
		p->dsack_len = first.to - first.from;
	for (unsigned int at = is_again ? 8 : 0; at + 8 <= len; at += 8) {
		uint32_t to = block_at(o + at).to;

		if ((int32_t)(to - p->ack) <= 0)
			continue;
		if (!(p->options & PACKET_SACK) || (int32_t)(to - p->sack_end) > 0)
			p->sack_end = to;
		p->options |= PACKET_SACK;
	}
}

/* One option of `len` bytes, kind and length included. An unexpected length makes it unknown. */
static void note_option(struct packet *p, const uint8_t *o, unsigned int len)
{
	if (o[0] == KIND_MSS && len == 4) {
		p->options |= PACKET_MSS;
		p->mss = load_be16(o + 2);
	} else if (o[0] == KIND_WSCALE && len == 3) {
		p->options |= PACKET_WSCALE;
		p->wscale = o[2] > 14 ? 14 : o[2];
	} else if (o[0] == KIND_SACK_PERMITTED && len == 2) {
		p->options |= PACKET_SACK_PERMITTED;
	} else if (o[0] == KIND_TIMESTAMP && len == 10) {
		p->options |= PACKET_TIMESTAMP;
		p->tsval = load_be32(o + 2);
		p->tsecr = load_be32(o + 6);
	} else if (o[0] == KIND_SACK && len >= 10 && (len - 2) % 8 == 0) {
		note_sack(p, o + 2, len - 2);
	} else if (o[0] == KIND_FAST_OPEN) {
		note_fast_open(p, len - 2);
	} else if (o[0] == KIND_EXPERIMENT && len >= 4 && load_be16(o + 2) == FAST_OPEN_MAGIC) {
		note_fast_open(p, len - 4);
	}
}

/* `len` bytes of options were captured, out of `full_len`. */
static void read_options(struct packet *p, const uint8_t *o, uint32_t len, uint32_t full_len)
{
	uint32_t at = 0;

	while (at < len && o[at] != KIND_END) {
		uint32_t left = len - at;

		if (o[at] == KIND_NOP) {
			at++;
			continue;
		}
		if (left < 2 || o[at + 1] < 2 || o[at + 1] > left) {
			p->options |= PACKET_OPTIONS_CUT;
			return;
		}
		note_option(p, o + at, o[at + 1]);
		at += o[at + 1];
	}
	if (at == len && len < full_len)
		p->options |= PACKET_OPTIONS_CUT;
}

enum decode_result decode_tcp_layer(const struct frame *f, const struct ip_layer *ip,
				    struct packet *p)
{
	const uint8_t *h = f->bytes + ip->transport_at;
	uint32_t header_len, options_len, captured_len;

	if (ip->transport_len < 20)
		return DECODE_BAD_TCP;
	if (!frame_has(f, ip->transport_at, 20))
		return DECODE_CUT_TCP;
	header_len = (h[12] >> 4) * 4u;
	if (header_len < 20 || header_len > ip->transport_len)
		return DECODE_BAD_TCP;
	p->kind = PACKET_TCP;
	p->src_port = load_be16(h);
	p->dst_port = load_be16(h + 2);
	p->seq = load_be32(h + 4);
	p->ack = load_be32(h + 8);
	p->flags = h[13];
	p->window = load_be16(h + 14);
	p->payload_len = ip->transport_len - header_len;
	options_len = header_len - 20;
	captured_len = f->captured_len - ip->transport_at - 20;
	read_options(p, h + 20, captured_len < options_len ? captured_len : options_len,
		     options_len);
	return DECODE_TCP;
}
