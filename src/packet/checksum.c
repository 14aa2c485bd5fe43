// SPDX-License-Identifier: BSD-2-Clause
#include "packet/checksum.h"

#include "packet/bytes.h"
#include "packet/decode_layer.h"

static const char *const result_name[] = {
	[CHECKSUM_GOOD] = "good",	    [CHECKSUM_BAD] = "bad",
	[CHECKSUM_TRUNCATED] = "truncated", [CHECKSUM_OFFLOADED] = "offloaded",
	[CHECKSUM_ABSENT] = "absent",
};
_Static_assert(sizeof(result_name) / sizeof(result_name[0]) == CHECKSUM_RESULT_COUNT,
	       "every result has a name");

#define TCP_CHECKSUM_AT 16

/* The sum of 16-bit words, carries not yet folded in; an odd last byte is padded with zero. */
static uint64_t sum_bytes(const uint8_t *bytes, uint32_t len)
{
	uint64_t sum = 0;
	uint32_t at;

	for (at = 0; at + 4 <= len; at += 4)
		sum += load_be32(bytes + at);
	if (len - at >= 2) {
		sum += load_be16(bytes + at);
		at += 2;
	}
	if (at < len)
		sum += (uint32_t)bytes[at] << 8;
	return sum;
}

/*
 * A 32-bit word is high * 65536 + low, which is high + low in ones' complement arithmetic; so
 * folding gives the same sum for words of any width (RFC 1071 section 2, "parallel summation").
 */
static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/*
 * RFC 9293 section 3.1, RFC 8200 section 8.1. A v4-mapped address sums to the IPv4 address plus
 * ffff, and adding ffff changes no sum but zero: so IPv4 needs no code of its own.
 */
static uint64_t sum_pseudo_header(const struct addr *src, const struct addr *dst, uint32_t len,
				  uint8_t protocol)
{
	return sum_bytes(src->byte, 16) + sum_bytes(dst->byte, 16) + len + protocol;
}

enum checksum_result checksum_ip(const struct frame *f, const struct packet *p)
{
	const uint8_t *h = f->bytes + p->ip_at;
	uint32_t header_len;

	if (p->family == 6)
		return CHECKSUM_ABSENT;
	header_len = (h[0] & 15u) * 4;
	return fold(sum_bytes(h, header_len)) == 0xffff ? CHECKSUM_GOOD : CHECKSUM_BAD;
}

static uint64_t pseudo_header_of(const struct packet *p)
{
	if (p->kind == PACKET_TCP)
		return sum_pseudo_header(&p->src, &p->dst, p->transport_len, PROTOCOL_TCP);
	if (p->family == 6)
		return sum_pseudo_header(&p->icmp_from, &p->icmp_to, p->transport_len,
					 PROTOCOL_ICMPV6);
	return 0;
}

enum checksum_result checksum_transport(const struct frame *f, const struct packet *p)
{
	const uint8_t *h = f->bytes + p->transport_at;
	uint64_t pseudo = pseudo_header_of(p);

	bool whole = !p->first_fragment && frame_has(f, p->transport_at, p->transport_len);

	if (whole && fold(pseudo + sum_bytes(h, p->transport_len)) == 0xffff)
		return CHECKSUM_GOOD;
	if (p->kind == PACKET_TCP && load_be16(h + TCP_CHECKSUM_AT) == fold(pseudo))
		return CHECKSUM_OFFLOADED;
	return whole ? CHECKSUM_BAD : CHECKSUM_TRUNCATED;
}

const char *checksum_result_name(enum checksum_result result)
{
	return (unsigned int)result < CHECKSUM_RESULT_COUNT ? result_name[result] : "unknown";
}

bool checksum_is_damaged(const struct frame *f, const struct packet *p, int depth)
{
	if (depth && checksum_ip(f, p) == CHECKSUM_BAD)
		return true;
	if (depth < (p->kind == PACKET_TCP ? 2 : 1))
		return false;
	return checksum_transport(f, p) == CHECKSUM_BAD;
}
