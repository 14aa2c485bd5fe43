/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * From a packet to a TCP segment, for socket filters: as packet/decode*.c does it, with bytes
 * loaded from the skb. Nothing is guessed: what cannot be read, or makes no sense, is
 * PARSE_UNCLEAR; and so is what packet/decode*.c looks into and this does not: tunnels, and headers
 * below IP other than tags.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#include "abi/pending.h"

enum parse_result {
	PARSE_TCP,
	PARSE_ICMP_ERROR,
	PARSE_NOTHING, /* another protocol, or a fragment that holds no TCP header */
	PARSE_UNCLEAR,
};

/* Numbers and lengths in host order, ports as on the wire. */
struct segment {
	struct addr src, dst;
	__u32 seq, ack, payload_len;
	__u16 src_port_be, dst_port_be;
	__u16 window;
	__u8 flags;
};

#define TAGS_MAX 4
#define EXTENSIONS_MAX 8

/* Where a header begins, and what it is. */
struct layer {
	__u32 at, end; /* end: of the IP packet, as it says itself */
	__u16 ethertype;
	__u8 protocol, version;
};

struct ip4_header {
	__u8 version_len, tos;
	__u16 total_len_be, id_be, fragment_be;
	__u8 ttl, protocol;
	__u16 checksum;
	__u32 src_be, dst_be;
};

struct ip6_header {
	__u32 version_be;
	__u16 payload_len_be;
	__u8 next, hops;
	struct addr src, dst;
};

struct tcp_header {
	__u16 src_port_be, dst_port_be;
	__u32 seq_be, ack_be;
	__u8 offset, flags;
	__u16 window_be, checksum, urgent;
};

static __always_inline bool load(struct __sk_buff *skb, __u32 at, void *to, __u32 len)
{
	return !bpf_skb_load_bytes(skb, at, to, len);
}

static __always_inline bool is_tag(__u16 ethertype)
{
	return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100;
}

/* MPLS, PPPoE, 802.1ah, MACsec, FabricPath, other tags, NSH, TRILL: packet/decode_shim.c. */
static __always_inline bool may_carry_ip(__u16 ethertype)
{
	switch (ethertype) {
	case 0x8847:
	case 0x8848:
	case 0x8864:
	case 0x88e5:
	case 0x88e7:
	case 0x8903:
	case 0x8909:
	case 0x8926:
	case 0x892f:
	case 0x893f:
	case 0x894f:
	case 0x22f3:
		return true;
	default:
		return false;
	}
}

/* A tag that the card or the kernel took off is not in the packet any more. */
static __always_inline int skip_tags(struct __sk_buff *skb, struct layer *l)
{
	__u16 be[2];

	for (int i = 0; i < TAGS_MAX && is_tag(l->ethertype); i++) {
		if (!load(skb, l->at, be, sizeof(be)))
			return PARSE_UNCLEAR;
		l->ethertype = bpf_ntohs(be[1]);
		l->at += 4;
	}
	if (is_tag(l->ethertype))
		return PARSE_UNCLEAR;
	if (l->ethertype == 0x0800 || l->ethertype == 0x86dd)
		return PARSE_TCP;
	return may_carry_ip(l->ethertype) ? PARSE_UNCLEAR : PARSE_NOTHING;
}

/*
 * A cooked packet that is said to have a tag begins with it on its way in. On its way out it begins
 * with the IP header, if the kernel put the tag in (net/packet/af_packet.c: packet_rcv()).
 */
static __always_inline int find_cooked(struct __sk_buff *skb, struct layer *l)
{
	bool is_ip, is_behind;
	__u16 ethertype;
	__u8 h[5];

	l->ethertype = bpf_ntohs((__u16)skb->protocol);
	if (!is_tag(l->ethertype))
		return skip_tags(skb, l);
	if (!load(skb, 0, h, sizeof(h)))
		return PARSE_UNCLEAR;
	ethertype = h[2] << 8 | h[3];
	is_ip = h[0] >> 4 == 4 || h[0] >> 4 == 6;
	is_behind = is_tag(ethertype) || (ethertype == 0x0800 && h[4] >> 4 == 4) ||
		    (ethertype == 0x86dd && h[4] >> 4 == 6);
	if (is_ip)
		return is_behind ? PARSE_UNCLEAR : PARSE_TCP;
	return skip_tags(skb, l);
}

static __always_inline int find_ip(struct __sk_buff *skb, int link, struct layer *l)
{
	__u16 be;

	l->at = 0;
	if (link == PENDING_RAW)
		return PARSE_TCP;
	if (link == PENDING_COOKED)
		return find_cooked(skb, l);
	if (!load(skb, 12, &be, sizeof(be)))
		return PARSE_UNCLEAR;
	l->ethertype = bpf_ntohs(be);
	l->at = 14;
	return skip_tags(skb, l);
}

/* A length of 0 means "too long for the field": BIG TCP, or a jumbo payload (RFC 2675). */
static __always_inline __u32 end_of(struct __sk_buff *skb, __u32 at, __u32 len)
{
	return len ? at + len : skb->len;
}

static __always_inline int read_ip4(struct __sk_buff *skb, struct layer *l, struct segment *s)
{
	struct ip4_header h;
	__u32 header_len;

	if (!load(skb, l->at, &h, sizeof(h)))
		return PARSE_UNCLEAR;
	header_len = (h.version_len & 15) * 4;
	l->end = end_of(skb, l->at, bpf_ntohs(h.total_len_be));
	if (header_len < 20 || l->end < l->at + header_len)
		return PARSE_UNCLEAR;
	if (h.fragment_be & bpf_htons(0x1fff))
		return PARSE_NOTHING;
	addr_set_v4(&s->src, h.src_be);
	addr_set_v4(&s->dst, h.dst_be);
	l->protocol = h.protocol;
	l->at += header_len;
	return PARSE_TCP;
}

static __always_inline bool is_extension(__u8 next)
{
	return next == 0 || next == 43 || next == 44 || next == 51 || next == 60 || next == 135 ||
	       next == 139 || next == 140;
}

/*
 * While segments are left, the IPv6 header names only the next hop. The final destination stands
 * last in types 0 and 2 (RFC 6275 section 6.4), first in type 4 (RFC 8754 section 2).
 */
static __always_inline bool apply_routing(struct __sk_buff *skb, __u32 at, const __u8 *h, __u32 len,
					  struct segment *s)
{
	if (!h[3] || len < 24)
		return true;
	if (h[2] == 4)
		return load(skb, at + 8, &s->dst, sizeof(s->dst));
	if (h[2] == 0 || h[2] == 2)
		return load(skb, at + len - 16, &s->dst, sizeof(s->dst));
	return true;
}

static __always_inline int skip_extension(struct __sk_buff *skb, struct layer *l, struct segment *s)
{
	__u32 len;
	__u8 h[8];

	if (!load(skb, l->at, h, sizeof(h)))
		return PARSE_UNCLEAR;
	len = l->protocol == 44 ? 8 : l->protocol == 51 ? (h[1] + 2) * 4 : (h[1] + 1) * 8;
	if (l->at + len > l->end)
		return PARSE_UNCLEAR;
	if (l->protocol == 43 && !apply_routing(skb, l->at, h, len, s))
		return PARSE_UNCLEAR;
	if (l->protocol == 44 && (h[2] || h[3] & 0xf8))
		return PARSE_NOTHING;
	l->protocol = h[0];
	l->at += len;
	return PARSE_TCP;
}

static __always_inline int read_ip6(struct __sk_buff *skb, struct layer *l, struct segment *s)
{
	struct ip6_header h;

	if (!load(skb, l->at, &h, sizeof(h)))
		return PARSE_UNCLEAR;
	s->src = h.src;
	s->dst = h.dst;
	l->protocol = h.next;
	l->at += sizeof(h);
	l->end = end_of(skb, l->at, bpf_ntohs(h.payload_len_be));
	for (int i = 0; i < EXTENSIONS_MAX && is_extension(l->protocol); i++) {
		int result = skip_extension(skb, l, s);

		if (result != PARSE_TCP)
			return result;
	}
	return is_extension(l->protocol) ? PARSE_UNCLEAR : PARSE_TCP;
}

static __always_inline int read_ip(struct __sk_buff *skb, struct layer *l, struct segment *s)
{
	__u8 first;

	if (!load(skb, l->at, &first, sizeof(first)))
		return PARSE_UNCLEAR;
	l->version = first >> 4;
	if (l->version == 4)
		return read_ip4(skb, l, s);
	return l->version == 6 ? read_ip6(skb, l, s) : PARSE_UNCLEAR;
}

static __always_inline int read_tcp(struct __sk_buff *skb, const struct layer *l, struct segment *s)
{
	struct tcp_header h;
	__u32 header_len;

	if (!load(skb, l->at, &h, sizeof(h)))
		return PARSE_UNCLEAR;
	header_len = (h.offset >> 4) * 4;
	if (header_len < sizeof(h) || l->end < l->at + header_len)
		return PARSE_UNCLEAR;
	s->seq = bpf_ntohl(h.seq_be);
	s->ack = bpf_ntohl(h.ack_be);
	s->src_port_be = h.src_port_be;
	s->dst_port_be = h.dst_port_be;
	s->window = bpf_ntohs(h.window_be);
	s->flags = h.flags;
	s->payload_len = l->end - l->at - header_len;
	return PARSE_TCP;
}

/* Errors that quote the packet they are about (RFC 792, RFC 4443 section 2.1). */
static __always_inline int read_icmp(struct __sk_buff *skb, const struct layer *l)
{
	__u8 type;

	if (!load(skb, l->at, &type, sizeof(type)))
		return PARSE_UNCLEAR;
	if (l->version == 6)
		return type >= 1 && type <= 4 ? PARSE_ICMP_ERROR : PARSE_NOTHING;
	return type == 3 || type == 11 || type == 12 ? PARSE_ICMP_ERROR : PARSE_NOTHING;
}

/* By the port that is asked, or that answers: packet/decode_udp.c. */
static __always_inline bool is_tunnel_port(__u16 to, __u16 from)
{
	switch (to) {
	case 4789:
	case 4790:
	case 8472:
	case 6081:
	case 4341:
	case 4754:
	case 6635:
	case 37008:
		return true;
	default:
		return to == 2152 || from == 2152 || to == 3544 || from == 3544 || to == 1701 ||
		       from == 1701 || to == 5072 || from == 5072 || to == 5247 || from == 5247;
	}
}

/* IP, GRE, AH in IPv4, EtherIP, MPLS, and UDP on the port of a tunnel. */
static __always_inline int read_tunnel(struct __sk_buff *skb, const struct layer *l)
{
	__u16 port_be[2];

	switch (l->protocol) {
	case 4:
	case 41:
	case 47:
	case 51:
	case 97:
	case 137:
		return PARSE_UNCLEAR;
	case 17:
		if (!load(skb, l->at, port_be, sizeof(port_be)))
			return PARSE_UNCLEAR;
		return is_tunnel_port(bpf_ntohs(port_be[1]), bpf_ntohs(port_be[0]))
			       ? PARSE_UNCLEAR
			       : PARSE_NOTHING;
	default:
		return PARSE_NOTHING;
	}
}

/* `ret` is set if, and only if, the result is PARSE_TCP. */
static __always_inline int parse(struct __sk_buff *skb, int link, struct segment *ret)
{
	struct layer l = {};
	int result = find_ip(skb, link, &l);

	if (result == PARSE_TCP)
		result = read_ip(skb, &l, ret);
	if (result != PARSE_TCP)
		return result;
	if (l.protocol == 6)
		return read_tcp(skb, &l, ret);
	if (l.protocol == (l.version == 4 ? 1 : 58))
		return read_icmp(skb, &l);
	return read_tunnel(skb, &l);
}
