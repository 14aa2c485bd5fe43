// SPDX-License-Identifier: BSD-2-Clause
#include "packet/bytes.h"
#include "packet/decode_layer.h"

/* Errors that quote the packet they are about (RFC 792, RFC 4443 section 2.1). */
static bool is_error(const struct ip_layer *ip, uint8_t type)
{
	if (ip->family == 6)
		return type >= 1 && type <= 4;
	return type == 3 || type == 11 || type == 12;
}

/*
 * The quotation may end after eight bytes of TCP (RFC 792): ports and sequence number, which is
 * enough to tell an error about this handshake from a forged or stale one (RFC 5927 section 4.1).
 */
static enum decode_result read_quote(const struct frame *f, uint32_t at, struct packet *p)
{
	struct ip_layer quoted;
	enum decode_result result = decode_ip_layer(f, at, true, &quoted);
	const uint8_t *tcp = f->bytes + quoted.transport_at;

	if (result == DECODE_CUT_IP)
		return DECODE_CUT_ICMP;
	if (result == DECODE_FRAGMENT)
		return DECODE_ICMP_OTHER;
	if (result != DECODE_TCP || quoted.family != p->family)
		return DECODE_BAD_ICMP;
	if (quoted.protocol != PROTOCOL_TCP)
		return DECODE_ICMP_OTHER;
	if (!frame_has(f, quoted.transport_at, 8))
		return DECODE_CUT_ICMP;
	p->src = quoted.src;
	p->dst = quoted.dst;
	p->src_port = load_be16(tcp);
	p->dst_port = load_be16(tcp + 2);
	p->seq = load_be32(tcp + 4);
	return DECODE_ICMP_ERROR;
}

enum decode_result decode_icmp_layer(const struct frame *f, const struct ip_layer *ip,
				     struct packet *p)
{
	const uint8_t *h = f->bytes + ip->transport_at;

	if (ip->transport_len < 8)
		return DECODE_BAD_ICMP;
	if (!frame_has(f, ip->transport_at, 8))
		return DECODE_CUT_ICMP;
	if (!is_error(ip, h[0]))
		return DECODE_ICMP_OTHER;
	p->kind = PACKET_ICMP_ERROR;
	p->icmp_type = h[0];
	p->icmp_code = h[1];
	p->icmp_from = ip->src;
	p->icmp_to = ip->dst;
	return read_quote(f, ip->transport_at + 8, p);
}
