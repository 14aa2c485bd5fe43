// SPDX-License-Identifier: BSD-2-Clause
/* What an IP packet carries that carries another: by its protocol, and GRE. */
#include "packet/bytes.h"
#include "packet/decode_layer.h"

enum {
	PROTOCOL_IPV4 = 4,
	PROTOCOL_UDP = 17,
	PROTOCOL_IPV6 = 41,
	PROTOCOL_GRE = 47,
	PROTOCOL_ESP = 50,
	PROTOCOL_ETHERIP = 97,
	PROTOCOL_L2TP = 115,
	PROTOCOL_MPLS = 137,
};

/* What GRE may name besides ethertypes. */
enum {
	GRE_KEEPALIVE = 0x0000,
	GRE_ISO = 0x00fe,
	GRE_ARP = 0x0806,
	GRE_NHRP = 0x2001,
	GRE_ERSPAN3 = 0x22eb,
	GRE_BRIDGING = 0x6558,
	GRE_WLAN = 0x8200, /* and some after it: Aruba's access points */
	GRE_WLAN_LAST = 0x820f,
	GRE_WCCP = 0x883e,
	GRE_ERSPAN = 0x88be,
};

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080, /* of version 1 */
};

static enum decode_result carry(const struct frame *f, struct layer *l, uint32_t len,
				enum layer_kind kind)
{
	l->tags = 0;
	l->is_cooked = false;
	return layer_skip(f, l, len, kind, DECODE_CUT_TUNNEL);
}

/* A mirrored frame. Type III says of what kind it is, and whether eight more bytes follow. */
static enum decode_result erspan3(const struct frame *f, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;
	uint32_t len;

	if (!frame_has(f, l->at, 12))
		return DECODE_CUT_TUNNEL;
	len = h[11] & 1 ? 20 : 12;
	switch (h[10] >> 2 & 31) {
	case 0:
		return carry(f, l, len, LAYER_ETHERNET);
	case 2:
		return carry(f, l, len, LAYER_IP);
	default:
		return DECODE_UNKNOWN_TUNNEL;
	}
}

static enum decode_result by_protocol(const struct frame *f, struct layer *l, uint16_t protocol,
				      uint16_t flags)
{
	switch (protocol) {
	case GRE_KEEPALIVE:
	case GRE_ISO:
	case GRE_ARP:
	case GRE_NHRP:
		return DECODE_NOT_IP;
	case GRE_ERSPAN: /* type I has no header; only type II is numbered */
		return carry(f, l, flags & GRE_SEQUENCE ? 8 : 0, LAYER_ETHERNET);
	case GRE_ERSPAN3:
		return erspan3(f, l);
	case GRE_WCCP: /* its second version has a header, the first has none */
		if (!frame_has(f, l->at, 1))
			return DECODE_CUT_TUNNEL;
		return carry(f, l, f->bytes[l->at] >> 4 == 4 ? 0 : 4, LAYER_IP);
	default:
		break;
	}
	if (protocol >= GRE_WLAN && protocol <= GRE_WLAN_LAST)
		return carry(f, l, 0, LAYER_WLAN);
	decode_set_payload(l, l->at, protocol);
	return DECODE_TCP;
}

/*
 * RFC 2784 and RFC 2890: a checksum, a key and a number, four bytes each if their flag is set;
 * RFC 1701 had a routing field, whose entries end with an empty one. RFC 2637, version 1: the key
 * field holds the length and the call, and an acknowledgement may follow.
 */
enum decode_result decode_gre(const struct frame *f, struct packet *p, struct layer *l)
{
	uint16_t flags, protocol;

	if (!frame_has(f, l->at, 4))
		return DECODE_CUT_TUNNEL;
	flags = load_be16(f->bytes + l->at);
	protocol = load_be16(f->bytes + l->at + 2);
	l->at += 4;
	if ((flags & 7) > 1)
		return DECODE_UNKNOWN_TUNNEL;
	if (flags & (GRE_CHECKSUM | GRE_ROUTING))
		l->at += 4;
	if (flags & GRE_KEY) {
		if (!frame_has(f, l->at, 4))
			return DECODE_CUT_TUNNEL;
		/* A call's number is that of the receiver. */
		if ((flags & 7) == 0)
			note_network(p, NETWORK_GRE, load_be32(f->bytes + l->at));
		l->at += 4;
	}
	if (flags & GRE_SEQUENCE)
		l->at += 4;
	if ((flags & 7) == 1 && flags & GRE_ACK)
		l->at += 4;
	while (flags & GRE_ROUTING) {
		if (!frame_has(f, l->at, 4))
			return DECODE_CUT_TUNNEL;
		if (!f->bytes[l->at + 3])
			flags &= (uint16_t)~GRE_ROUTING;
		l->at += 4u + f->bytes[l->at + 3];
	}
	/* Version 1 without a payload is an acknowledgement. */
	if ((flags & 7) == 1 && !(flags & GRE_SEQUENCE))
		return DECODE_NOT_IP;
	return by_protocol(f, l, protocol, flags);
}

enum decode_result decode_tunnel(const struct frame *f, const struct ip_layer *ip, struct packet *p,
				 struct layer *l)
{
	l->at = ip->transport_at;
	switch (ip->protocol) {
	case PROTOCOL_IPV4:
	case PROTOCOL_IPV6:
		return carry(f, l, 0, LAYER_IP);
	case PROTOCOL_GRE:
		return decode_gre(f, p, l);
	case PROTOCOL_UDP:
		return decode_udp_tunnel(f, ip, p, l);
	case PROTOCOL_ETHERIP:
		return carry(f, l, 2, LAYER_ETHERNET);
	case PROTOCOL_MPLS:
		return carry(f, l, 0, LAYER_MPLS);
	case PROTOCOL_ESP:
		return DECODE_ENCRYPTED;
	case PROTOCOL_L2TP: /* version 3: only its ends know how long a cookie is */
		return DECODE_UNKNOWN_TUNNEL;
	default:
		return DECODE_NOT_TCP;
	}
}
