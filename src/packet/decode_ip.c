// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "packet/bytes.h"
#include "packet/decode_layer.h"

/* RFC 8200 section 4.1 recommends an order in which each header occurs once: seven. */
#define EXTENSIONS_MAX 8

enum {
	NEXT_HOP_BY_HOP = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_AUTHENTICATION = 51,
	NEXT_DESTINATION = 60,
	NEXT_MOBILITY = 135,
	NEXT_HIP = 139,
	NEXT_SHIM6 = 140,
};

/*
 * A length field of 0 means "too long for the field": Linux writes it so on packets that it
 * captures before segmentation (BIG TCP), and IPv6 in front of a jumbo payload (RFC 2675). The
 * frame's own length is then the truth.
 */
static uint32_t length_or_wire(uint32_t length, const struct frame *f, uint32_t at)
{
	if (length)
		return length;
	return f->wire_len > at ? f->wire_len - at : 0;
}

static bool is_extension(uint8_t next)
{
	return next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_FRAGMENT ||
	       next == NEXT_AUTHENTICATION || next == NEXT_DESTINATION || next == NEXT_MOBILITY ||
	       next == NEXT_HIP || next == NEXT_SHIM6;
}

static uint32_t extension_len(uint8_t next, const uint8_t *h)
{
	if (next == NEXT_FRAGMENT)
		return 8;
	if (next == NEXT_AUTHENTICATION) /* RFC 4302 section 2.2 */
		return (h[1] + 2u) * 4;
	return (h[1] + 1u) * 8;
}

/*
 * While segments are left, the IPv6 header names only the next hop; the flow, and the TCP
 * checksum, are those of the final destination (RFC 8200 section 8.1). It stands last in types 0
 * and 2 (RFC 6275 section 6.4), first in type 4 (RFC 8754 section 2).
 */
static void apply_routing(const uint8_t *h, uint32_t len, struct addr *dst)
{
	if (!h[3] || len < 24)
		return;
	if (h[2] == 4)
		memcpy(dst, h + 8, 16);
	else if (h[2] == 0 || h[2] == 2)
		memcpy(dst, h + len - 16, 16);
}

/* Walk from the first extension header, of IPv4 an authentication, to the transport header; `end`
 * is the packet's end. */
static enum decode_result walk_extensions(const struct frame *f, uint8_t next, uint32_t end,
					  bool quoted, struct ip_layer *ip)
{
	for (int count = 0; is_extension(next); count++) {
		const uint8_t *h = f->bytes + ip->transport_at;
		uint32_t len;

		if (count == EXTENSIONS_MAX)
			return DECODE_TOO_MANY_EXTENSIONS;
		if (!frame_has(f, ip->transport_at, 8))
			return DECODE_CUT_IP;
		len = extension_len(next, h);
		if (!quoted && len > end - ip->transport_at)
			return DECODE_BAD_IP;
		if (!frame_has(f, ip->transport_at, len))
			return DECODE_CUT_IP;
		if (next == NEXT_ROUTING)
			apply_routing(h, len, &ip->dst);
		if (next == NEXT_FRAGMENT && load_be16(h + 2) & 0xfff8)
			return DECODE_FRAGMENT;
		if (next == NEXT_FRAGMENT)
			ip->first_fragment = h[3] & 1;
		next = h[0];
		ip->transport_at += len;
	}
	ip->protocol = next;
	ip->transport_len = quoted ? 0 : end - ip->transport_at;
	return DECODE_TCP;
}

static enum decode_result ip4(const struct frame *f, uint32_t at, bool quoted, struct ip_layer *ret)
{
	const uint8_t *h = f->bytes + at;
	uint32_t header_len, total_len;
	uint16_t fragment;
	uint32_t be;

	if (!frame_has(f, at, 20))
		return DECODE_CUT_IP;
	header_len = (h[0] & 15u) * 4;
	total_len = length_or_wire(load_be16(h + 2), f, at);
	if (header_len < 20 || (!quoted && total_len < header_len))
		return DECODE_BAD_IP;
	if (!frame_has(f, at, header_len))
		return DECODE_CUT_IP;
	fragment = load_be16(h + 6);
	if (fragment & 0x1fff)
		return DECODE_FRAGMENT;
	memcpy(&be, h + 12, 4);
	addr_set_v4(&ret->src, be);
	memcpy(&be, h + 16, 4);
	addr_set_v4(&ret->dst, be);
	ret->family = 4;
	ret->protocol = h[9];
	ret->ecn = h[1] & 3;
	ret->ttl = h[8];
	ret->id = load_be16(h + 4);
	ret->first_fragment = fragment & 0x2000;
	ret->transport_at = at + header_len;
	ret->transport_len = quoted ? 0 : total_len - header_len;
	if (h[9] == NEXT_AUTHENTICATION)
		return walk_extensions(f, h[9], at + total_len, quoted, ret);
	return DECODE_TCP;
}

static enum decode_result ip6(const struct frame *f, uint32_t at, bool quoted, struct ip_layer *ret)
{
	const uint8_t *h = f->bytes + at;
	uint32_t end;

	if (!frame_has(f, at, 40))
		return DECODE_CUT_IP;
	memcpy(&ret->src, h + 8, 16);
	memcpy(&ret->dst, h + 24, 16);
	ret->family = 6;
	ret->ecn = h[1] >> 4 & 3;
	ret->ttl = h[7];
	ret->transport_at = at + 40;
	end = at + 40 + length_or_wire(load_be16(h + 4), f, at + 40);
	return walk_extensions(f, h[6], end, quoted, ret);
}

enum decode_result decode_ip_layer(const struct frame *f, uint32_t at, bool quoted,
				   struct ip_layer *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->at = at;
	if (!frame_has(f, at, 1))
		return DECODE_CUT_IP;
	switch (f->bytes[at] >> 4) {
	case 4:
		return ip4(f, at, quoted, ret);
	case 6:
		return ip6(f, at, quoted, ret);
	default:
		return DECODE_BAD_IP;
	}
}
