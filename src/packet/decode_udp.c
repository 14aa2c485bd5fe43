// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tunnels in UDP, known by their ports. What cannot be such a tunnel is some other traffic on its
 * port, and no concern of ours; what can, but is too short, was cut.
 */
#include <stddef.h>

#include "packet/bytes.h"
#include "packet/decode_layer.h"

typedef enum decode_result (*tunnel_fn)(const struct frame *f, struct packet *p, struct layer *l);

static enum decode_result carry(const struct frame *f, struct layer *l, uint32_t len,
				enum layer_kind kind)
{
	l->tags = 0;
	l->is_cooked = false;
	return layer_skip(f, l, len, kind, DECODE_CUT_TUNNEL);
}

/* Carry an IP packet if there is one. */
static enum decode_result carry_ip(const struct frame *f, struct layer *l, uint32_t len)
{
	enum decode_result result = carry(f, l, len, LAYER_IP);
	unsigned int version;

	if (result == DECODE_TCP && !frame_has(f, l->at, 1))
		result = DECODE_CUT_TUNNEL;
	if (result != DECODE_TCP)
		return result;
	version = f->bytes[l->at] >> 4;
	return version == 4 || version == 6 ? DECODE_TCP : DECODE_NOT_TCP;
}

/* RFC 8300's numbers, and those of VXLAN's generic protocol extension. */
static enum decode_result carry_next(const struct frame *f, struct layer *l, uint32_t len,
				     unsigned int next)
{
	enum decode_result result;

	switch (next) {
	case 1:
	case 2:
		return carry(f, l, len, LAYER_IP);
	case 0:
	case 3:
		return carry(f, l, len, LAYER_ETHERNET);
	case 4:
		result = carry(f, l, len, LAYER_ETHERTYPE);
		l->ethertype = 0x894f;
		return result;
	case 5:
		return carry(f, l, len, LAYER_MPLS);
	default:
		return DECODE_UNKNOWN_TUNNEL;
	}
}

/* RFC 7348 section 5: flag 0x08 says that there is a network; the extension's 0x04, what follows.
 */
static enum decode_result vxlan(const struct frame *f, struct packet *p, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;

	if (!frame_has(f, l->at, 8))
		return DECODE_CUT_TUNNEL;
	if (!(h[0] & 0x08))
		return DECODE_NOT_TCP;
	note_network(p, NETWORK_VXLAN, load_be32(h + 4) >> 8);
	return carry_next(f, l, 8, h[0] & 0x04 ? h[3] : 3);
}

/* RFC 8926 section 3.4. */
static enum decode_result geneve(const struct frame *f, struct packet *p, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;
	uint32_t len;

	if (!frame_has(f, l->at, 8))
		return DECODE_CUT_TUNNEL;
	len = 8 + (h[0] & 63u) * 4;
	if (h[0] >> 6)
		return DECODE_NOT_TCP;
	if (h[1] & 0x80) /* control */
		return DECODE_NOT_TCP;
	note_network(p, NETWORK_VXLAN, load_be32(h + 4) >> 8);
	if (!frame_has(f, l->at, len))
		return DECODE_CUT_TUNNEL;
	decode_set_payload(l, l->at + len, load_be16(h + 2));
	return DECODE_TCP;
}

/* 3GPP TS 29.281 section 5.1; 255 is a user's packet. Extensions name the next, and their length
 * in words (section 5.2). */
static enum decode_result gtp(const struct frame *f, struct packet *p, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;
	uint32_t at = l->at + 8;
	uint8_t next;

	if (!frame_has(f, l->at, 8))
		return DECODE_CUT_TUNNEL;
	if ((h[0] & 0xf0) != 0x30 || h[1] != 255)
		return DECODE_NOT_TCP;
	note_network(p, NETWORK_GTP, load_be32(h + 4));
	if (h[0] & 7) {
		if (!frame_has(f, at, 4))
			return DECODE_CUT_TUNNEL;
		next = h[0] & 4 ? f->bytes[at + 3] : 0;
		at += 4;
		while (next) {
			uint32_t len = frame_has(f, at, 1) ? f->bytes[at] * 4u : 0;

			if (!len || !frame_has(f, at, len))
				return DECODE_CUT_TUNNEL;
			next = f->bytes[at + len - 1];
			at += len;
		}
	}
	l->at = at;
	return carry_ip(f, l, 0);
}

/* RFC 4380 section 5.1.1: an authentication and an origin may stand in front. */
static enum decode_result teredo(const struct frame *f, struct packet *p, struct layer *l)
{
	(void)p;
	if (frame_has(f, l->at, 4) && load_be16(f->bytes + l->at) == 1)
		l->at += 13u + f->bytes[l->at + 2] + f->bytes[l->at + 3];
	if (frame_has(f, l->at, 2) && load_be16(f->bytes + l->at) == 0)
		l->at += 8;
	return carry_ip(f, l, 0);
}

/* Lengths of identity (a power of two) and signature (words), operation 1: forward. */
static enum decode_result ayiya(const struct frame *f, struct packet *p, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;

	(void)p;
	if (!frame_has(f, l->at, 8))
		return DECODE_CUT_TUNNEL;
	if ((h[2] & 15) != 1 || (h[3] != 4 && h[3] != 41))
		return DECODE_NOT_TCP;
	return carry_ip(f, l, 8 + (1u << (h[0] >> 4)) + (h[1] >> 4) * 4u);
}

/* RFC 2661 section 3.1: version 2, data. */
static enum decode_result l2tp(const struct frame *f, struct packet *p, struct layer *l)
{
	uint16_t flags;
	uint32_t at = l->at + 2;

	if (!frame_has(f, l->at, 6))
		return DECODE_CUT_TUNNEL;
	flags = load_be16(f->bytes + l->at);
	if ((flags & 15) != 2 || flags & 0x8000) /* control */
		return DECODE_NOT_TCP;
	at += flags & 0x4000 ? 2 : 0;
	if (!frame_has(f, at, 4))
		return DECODE_CUT_TUNNEL;
	note_network(p, NETWORK_L2TP, load_be32(f->bytes + at));
	at += flags & 0x0800 ? 8 : 4;
	if (flags & 0x0200) {
		if (!frame_has(f, at, 2))
			return DECODE_CUT_TUNNEL;
		at += 2u + load_be16(f->bytes + at);
	}
	l->at = at;
	return carry(f, l, 0, LAYER_PPP);
}

/* RFC 5415 section 4.3: five bits of length in words; frames as they are, or made Ethernet's. */
static enum decode_result capwap(const struct frame *f, struct packet *p, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;

	(void)p;
	if (!frame_has(f, l->at, 8))
		return DECODE_CUT_TUNNEL;
	if (h[0] == 1)
		return DECODE_ENCRYPTED;
	if (h[0])
		return DECODE_NOT_TCP;
	if (h[3] & 0x80 && load_be16(h + 6) >> 3)
		return DECODE_FRAGMENT;
	if (h[3] & 0x0c) /* statistics, keep-alive */
		return DECODE_NOT_TCP;
	return carry(f, l, (h[1] >> 3) * 4u, h[3] & 0x01 ? LAYER_WLAN : LAYER_ETHERNET);
}

/* A version, a type, the kind of frame; then tags of a type and a length, 0 a pad, 1 the last. */
static enum decode_result tzsp(const struct frame *f, struct packet *p, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;
	uint16_t kind;

	(void)p;
	if (!frame_has(f, l->at, 4))
		return DECODE_CUT_TUNNEL;
	kind = load_be16(h + 2);
	if (h[0] != 1 || h[1] > 1 || (kind != 1 && kind != 18))
		return DECODE_NOT_TCP;
	l->at += 4;
	for (;;) {
		if (!frame_has(f, l->at, 2))
			return DECODE_CUT_TUNNEL;
		if (f->bytes[l->at] == 1)
			break;
		l->at += f->bytes[l->at] ? 2u + f->bytes[l->at + 1] : 1;
	}
	return carry(f, l, 1, kind == 1 ? LAYER_ETHERNET : LAYER_WLAN);
}

/* RFC 9300 section 5: eight bytes; 0x08 in the first says that a network is named. */
static enum decode_result lisp(const struct frame *f, struct packet *p, struct layer *l)
{
	if (!frame_has(f, l->at, 8))
		return DECODE_CUT_TUNNEL;
	if (f->bytes[l->at] & 0x08)
		note_network(p, NETWORK_VXLAN, load_be32(f->bytes + l->at + 4) >> 8);
	return carry_ip(f, l, 8);
}

static enum decode_result mpls(const struct frame *f, struct packet *p, struct layer *l)
{
	(void)p;
	return carry(f, l, 0, LAYER_MPLS);
}

static tunnel_fn find(uint16_t to, uint16_t from)
{
	switch (to) {
	case 4789:
	case 4790: /* with the generic protocol extension */
	case 8472: /* Linux's, before it had a number */
		return vxlan;
	case 6081:
		return geneve;
	case 4341:
		return lisp;
	case 4754:
		return decode_gre;
	case 6635:
		return mpls;
	case 37008:
		return tzsp;
	default:
		break;
	}
	/* These answer from their port. */
	if (to == 2152 || from == 2152)
		return gtp;
	if (to == 3544 || from == 3544)
		return teredo;
	if (to == 1701 || from == 1701)
		return l2tp;
	if (to == 5072 || from == 5072)
		return ayiya;
	return to == 5247 || from == 5247 ? capwap : NULL;
}

enum decode_result decode_udp_tunnel(const struct frame *f, const struct ip_layer *ip,
				     struct packet *p, struct layer *l)
{
	const uint8_t *h = f->bytes + ip->transport_at;
	tunnel_fn fn;

	if (!frame_has(f, ip->transport_at, 4))
		return DECODE_NOT_TCP;
	fn = find(load_be16(h + 2), load_be16(h));
	l->at = ip->transport_at + 8;
	/* Its port alone does not make a tunnel of an empty datagram. */
	return fn && ip->transport_len > 8 ? fn(f, p, l) : DECODE_NOT_TCP;
}
