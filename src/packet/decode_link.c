// SPDX-License-Identifier: BSD-2-Clause
/* The headers that a capture begins with, by link type. */
#include "packet/bytes.h"
#include "packet/decode_layer.h"

/* A header of a fixed length in front of something. */
static enum decode_result skip(const struct frame *f, struct layer *l, uint32_t len,
			       enum layer_kind kind)
{
	return layer_skip(f, l, len, kind, DECODE_CUT_LINK);
}

/* The same, with an ethertype at `type_at` in it. */
static enum decode_result skip_typed(const struct frame *f, struct layer *l, uint32_t len,
				     uint32_t type_at)
{
	if (!frame_has(f, l->at, len))
		return DECODE_CUT_LINK;
	decode_set_ethertype(l, l->at + len, load_be16(f->bytes + l->at + type_at));
	return DECODE_TCP;
}

/* The packet type of "cooked" captures, numbered as in linux/if_packet.h. */
static enum packet_way way_of(unsigned int packet_type)
{
	switch (packet_type) {
	case 0: /* to us */
	case 1: /* broadcast */
	case 2: /* multicast */
		return PACKET_WAY_IN;
	case 3:
		return PACKET_WAY_OTHER;
	case 4:
		return PACKET_WAY_OUT;
	default:
		return PACKET_WAY_UNKNOWN;
	}
}

static enum decode_result cooked(const struct frame *f, struct layer *l, uint32_t len,
				 uint32_t type_at)
{
	enum decode_result result = skip_typed(f, l, len, type_at);

	l->is_cooked = true;
	if (result == DECODE_TCP)
		decode_find_hidden_tag(f, l);
	return result;
}

static enum decode_result linux_sll(const struct frame *f, struct packet *p, struct layer *l)
{
	if (frame_has(f, l->at, 16))
		p->way = way_of(load_be16(f->bytes + l->at));
	return cooked(f, l, 16, 14);
}

static enum decode_result linux_sll2(const struct frame *f, struct packet *p, struct layer *l)
{
	if (frame_has(f, l->at, 20)) {
		p->ifindex = load_be32(f->bytes + l->at + 4);
		p->way = way_of(f->bytes[l->at + 10]);
	}
	return cooked(f, l, 20, 0);
}

/*
 * BSD loopback: an address family in four bytes, in the byte order of the capturing machine (NULL)
 * or in network order (LOOP). A family fits in one byte, so the order need not be known. AF_INET6
 * is 10 on Linux, 24, 28 or 30 on the BSDs and macOS.
 */
static enum decode_result bsd_loopback(const struct frame *f, struct layer *l)
{
	uint32_t family;

	if (!frame_has(f, l->at, 4))
		return DECODE_CUT_LINK;
	family = load_be32(f->bytes + l->at);
	if (family > 0xff)
		family = __builtin_bswap32(family);
	if (family != 2 && family != 10 && family != 24 && family != 28 && family != 30)
		return DECODE_NOT_IP;
	return skip(f, l, 4, LAYER_IP);
}

/*
 * Linux's log of netfilter: four bytes, then attributes of two bytes length, two bytes type, padded
 * to four, in the byte order of the capturing machine. Type 9 is the packet.
 */
static enum decode_result nflog(const struct frame *f, struct layer *l)
{
	uint32_t at = l->at + 4;
	bool swap = false;

	while (frame_has(f, at, 4)) {
		const uint8_t *h = f->bytes + at;
		uint32_t len = (uint32_t)(h[1] << 8 | h[0]), type = (uint32_t)(h[3] << 8 | h[2]);

		/* The first attribute tells the order: its length is small. */
		if (at == l->at + 4)
			swap = len >= 0x100 && load_be16(h) < len;
		if (swap) {
			len = load_be16(h);
			type = load_be16(h + 2);
		}
		if (len < 4)
			return DECODE_NOT_IP;
		if ((type & 0x7fff) == 9) {
			l->at = at + 4;
			l->kind = LAYER_IP;
			return DECODE_TCP;
		}
		at += (len + 3) & ~3u;
	}
	return DECODE_CUT_LINK;
}

/*
 * Frame relay: an address of two to four bytes, whose last one is odd; then an ethertype (Cisco's
 * way), or RFC 2427: 03, a pad, a protocol identifier.
 */
static enum decode_result frame_relay(const struct frame *f, struct layer *l)
{
	uint32_t at = l->at;

	while (frame_has(f, at, 1) && at < l->at + 4 && !(f->bytes[at] & 1))
		at++;
	at++;
	if (!frame_has(f, at, 3))
		return DECODE_CUT_LINK;
	l->at = at;
	if (f->bytes[at] != 0x03)
		return skip_typed(f, l, 2, 0);
	at += f->bytes[at + 1] ? 1 : 2;
	l->at = at + 1;
	switch (f->bytes[at]) {
	case 0xcc: /* IPv4 */
	case 0x8e: /* IPv6 */
		return skip(f, l, 0, LAYER_IP);
	case 0x80: /* SNAP, from the organisation on */
		return skip_typed(f, l, 5, 3);
	default:
		return DECODE_NOT_IP;
	}
}

/* RFC 1051 or RFC 1201, told by the protocol byte behind `len` others; 1201 may split packets. */
static enum decode_result arcnet(const struct frame *f, struct layer *l, uint32_t len)
{
	if (!frame_has(f, l->at, len + 1))
		return DECODE_CUT_LINK;
	switch (f->bytes[l->at + len]) {
	case 0xf0:
		return skip(f, l, len + 1, LAYER_IP);
	case 0xd4:
		if (frame_has(f, l->at, len + 2) && f->bytes[l->at + len + 1])
			return DECODE_FRAGMENT;
		return skip(f, l, len + 4, LAYER_IP);
	default:
		return DECODE_NOT_IP;
	}
}

/* Magic, flags; bit 0x80: extensions, their length in two bytes first. Then Ethernet. */
static enum decode_result juniper_ether(const struct frame *f, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;

	if (!frame_has(f, l->at, 6))
		return DECODE_CUT_LINK;
	if (load_be32(h) >> 8 != 0x4d4743)
		return DECODE_NOT_IP;
	return skip(f, l, h[3] & 0x80 ? 6u + load_be16(h + 4) : 4, LAYER_ETHERNET);
}

static uint32_t load_le32(const uint8_t *at)
{
	return __builtin_bswap32(load_be32(at));
}

/* A header that names another link type. */
static enum decode_result nested(const struct frame *f, struct packet *p, struct layer *l,
				 uint32_t len_max, uint32_t len, uint32_t link)
{
	if (len > len_max || link == LINK_PPI || link == LINK_PKTAP || link > INT32_MAX)
		return DECODE_NOT_IP;
	if (!frame_has(f, l->at, len))
		return DECODE_CUT_LINK;
	l->at += len;
	return decode_link_layer(f, (int)link, p, l);
}

/* Per-packet information: version and flags, its length, link type; then fields. Little-endian. */
static enum decode_result ppi(const struct frame *f, struct packet *p, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;

	if (!frame_has(f, l->at, 8))
		return DECODE_CUT_LINK;
	return nested(f, p, l, UINT16_MAX, (uint32_t)(h[3] << 8 | h[2]), load_le32(h + 4));
}

/* macOS: length, type, link type. Little-endian. */
static enum decode_result pktap(const struct frame *f, struct packet *p, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;

	if (!frame_has(f, l->at, 12))
		return DECODE_CUT_LINK;
	return nested(f, p, l, UINT16_MAX, load_le32(h), load_le32(h + 8));
}

/* PPPoE without its Ethernet header: PPP behind version, code, session and length. */
static enum decode_result ppp_ether(const struct frame *f, struct layer *l)
{
	if (!frame_has(f, l->at, 6))
		return DECODE_CUT_LINK;
	if (f->bytes[l->at + 1]) /* discovery */
		return DECODE_NOT_IP;
	return skip(f, l, 6, LAYER_PPP);
}

/* OpenBSD's packet filter: the first byte is the length, without the padding. */
static enum decode_result pflog(const struct frame *f, struct layer *l)
{
	if (!frame_has(f, l->at, 1))
		return DECODE_CUT_LINK;
	return skip(f, l, (f->bytes[l->at] + 3u) & ~3u, LAYER_IP);
}

/* Of token ring: a routing field may stand behind the addresses (IEEE 802.5). */
static enum decode_result token_ring(const struct frame *f, struct layer *l)
{
	uint32_t len = 14;

	if (!frame_has(f, l->at, len))
		return DECODE_CUT_LINK;
	if (f->bytes[l->at + 8] & 0x80 && frame_has(f, l->at, len + 1))
		len += f->bytes[l->at + len] & 0x1f;
	return skip(f, l, len, LAYER_LLC);
}

enum decode_result decode_link_layer(const struct frame *f, int link, struct packet *p,
				     struct layer *l)
{
	switch (link) {
	case LINK_EN10MB:
		return skip_typed(f, l, 14, 12);
	case LINK_LINUX_SLL:
		return linux_sll(f, p, l);
	case LINK_LINUX_SLL2:
		return linux_sll2(f, p, l);
	case LINK_NULL:
	case LINK_LOOP:
		return bsd_loopback(f, l);
	case LINK_RAW:
	case LINK_RAW_BSD:
	case LINK_RAW_FILE:
	case LINK_IPV4:
	case LINK_IPV6:
		return skip(f, l, 0, LAYER_IP);
	case LINK_PPP:
	case LINK_PPP_SERIAL:
		return skip(f, l, 0, LAYER_PPP);
	case LINK_PPP_PPPD: /* a direction takes the place of the address; it is never odd and ff */
	case LINK_PPP_WITH_DIR:
		return skip(f, l, link == LINK_PPP_PPPD ? 2 : 1, LAYER_PPP);
	case LINK_PPP_ETHER:
		return ppp_ether(f, l);
	case LINK_C_HDLC:
		return skip_typed(f, l, 4, 2);
	case LINK_SLIP: /* direction, and the header before it was unpacked (RFC 1144) */
		return skip(f, l, 16, LAYER_IP);
	case LINK_ENC:
		return skip(f, l, 12, LAYER_IP);
	case LINK_PFLOG:
		return pflog(f, l);
	case LINK_NFLOG:
		return nflog(f, l);
	case LINK_FRELAY:
		return frame_relay(f, l);
	case LINK_FDDI: /* frame control, two addresses */
		return skip(f, l, 13, LAYER_LLC);
	case LINK_IEEE802_5:
		return token_ring(f, l);
	case LINK_ATM_RFC1483:
	case LINK_ATM_RFC1483_FILE:
		return skip(f, l, 0, LAYER_LLC);
	case LINK_ARCNET_BSD:
		return arcnet(f, l, 2);
	case LINK_ARCNET_LINUX:
		return arcnet(f, l, 4);
	case LINK_IPOIB: /* two addresses of twenty bytes, a type, two reserved bytes */
		return skip_typed(f, l, 44, 40);
	case LINK_JUNIPER_ETHER:
		return juniper_ether(f, l);
	case LINK_IEEE802_11:
		return skip(f, l, 0, LAYER_WLAN);
	case LINK_RADIOTAP:
		return decode_radiotap(f, l);
	case LINK_PRISM:
		return decode_prism(f, l);
	case LINK_AVS:
		return decode_avs(f, l);
	case LINK_PPI:
		return ppi(f, p, l);
	case LINK_PKTAP:
		return pktap(f, p, l);
	default:
		return DECODE_UNKNOWN_LINK;
	}
}

bool decode_knows_link(int link)
{
	const struct frame empty = {.link = link};
	struct packet unused = {.kind = 0};
	struct layer l = {.at = 0};

	return decode_link_layer(&empty, link, &unused, &l) != DECODE_UNKNOWN_LINK;
}
