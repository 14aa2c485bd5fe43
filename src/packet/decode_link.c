// SPDX-License-Identifier: BSD-2-Clause
#include "packet/bytes.h"
#include "packet/decode_layer.h"

/* Ethernet, two Q-in-Q tags, and two more that only a loop of misconfiguration makes. */
#define TAGS_MAX 4

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_QINQ_OLD = 0x9100,
};

static bool is_tag(uint16_t ethertype)
{
	return ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_QINQ ||
	       ethertype == ETHERTYPE_QINQ_OLD;
}

/* Step over VLAN tags; `at` is behind the field that held `ethertype`. */
static enum decode_result skip_tags(const struct frame *f, uint32_t at, uint16_t ethertype,
				    uint32_t *ret_at)
{
	for (int tags = 0; is_tag(ethertype); tags++) {
		if (tags == TAGS_MAX)
			return DECODE_TOO_MANY_TAGS;
		if (!frame_has(f, at, 4))
			return DECODE_CUT_LINK;
		ethertype = load_be16(f->bytes + at + 2);
		at += 4;
	}
	if (ethertype != ETHERTYPE_IPV4 && ethertype != ETHERTYPE_IPV6)
		return DECODE_NOT_IP;
	*ret_at = at;
	return DECODE_TCP;
}

/*
 * Newer kernels say of a cooked packet what stands behind all its tags (vlan_get_protocol_dgram()
 * in net/packet/af_packet.c), but the inner ones are still there. So look behind them where no IP
 * header is.
 */
static void skip_hidden_tags(const struct frame *f, uint32_t *at)
{
	for (int tags = 0; tags < TAGS_MAX && frame_has(f, *at, 5); tags++) {
		unsigned int version = f->bytes[*at] >> 4;
		uint16_t ethertype = load_be16(f->bytes + *at + 2);

		if (version == 4 || version == 6 ||
		    (!is_tag(ethertype) && ethertype != ETHERTYPE_IPV4 &&
		     ethertype != ETHERTYPE_IPV6))
			return;
		*at += 4;
	}
}

static enum decode_result cooked(const struct frame *f, uint32_t at, uint16_t ethertype,
				 uint32_t *ret_at)
{
	enum decode_result result = skip_tags(f, at, ethertype, ret_at);

	if (result == DECODE_TCP)
		skip_hidden_tags(f, ret_at);
	return result;
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

static enum decode_result ethernet(const struct frame *f, uint32_t *ret_at)
{
	if (!frame_has(f, 0, 14))
		return DECODE_CUT_LINK;
	return skip_tags(f, 14, load_be16(f->bytes + 12), ret_at);
}

static enum decode_result linux_sll(const struct frame *f, struct packet *p, uint32_t *ret_at)
{
	if (!frame_has(f, 0, 16))
		return DECODE_CUT_LINK;
	p->way = way_of(load_be16(f->bytes));
	return cooked(f, 16, load_be16(f->bytes + 14), ret_at);
}

static enum decode_result linux_sll2(const struct frame *f, struct packet *p, uint32_t *ret_at)
{
	if (!frame_has(f, 0, 20))
		return DECODE_CUT_LINK;
	p->ifindex = load_be32(f->bytes + 4);
	p->way = way_of(f->bytes[10]);
	return cooked(f, 20, load_be16(f->bytes), ret_at);
}

/*
 * BSD loopback: an address family in four bytes, in the byte order of the capturing machine (NULL)
 * or in network order (LOOP). A family fits in one byte, so the order need not be known. AF_INET6
 * is 10 on Linux, 24, 28 or 30 on the BSDs and macOS.
 */
static enum decode_result bsd_loopback(const struct frame *f, uint32_t *ret_at)
{
	uint32_t family;

	if (!frame_has(f, 0, 4))
		return DECODE_CUT_LINK;
	family = load_be32(f->bytes);
	if (family > 0xff)
		family = __builtin_bswap32(family);
	if (family != 2 && family != 10 && family != 24 && family != 28 && family != 30)
		return DECODE_NOT_IP;
	*ret_at = 4;
	return DECODE_TCP;
}

enum decode_result decode_link_layer(const struct frame *f, struct packet *p, uint32_t *ret_at)
{
	switch (f->link) {
	case LINK_EN10MB:
		return ethernet(f, ret_at);
	case LINK_LINUX_SLL:
		return linux_sll(f, p, ret_at);
	case LINK_LINUX_SLL2:
		return linux_sll2(f, p, ret_at);
	case LINK_NULL:
	case LINK_LOOP:
		return bsd_loopback(f, ret_at);
	case LINK_RAW:
	case LINK_RAW_BSD:
	case LINK_RAW_FILE:
	case LINK_IPV4:
	case LINK_IPV6:
		*ret_at = 0;
		return DECODE_TCP;
	default:
		return DECODE_UNKNOWN_LINK;
	}
}

bool decode_knows_link(int link)
{
	const struct frame empty = {.link = link};
	struct packet unused;
	uint32_t at;

	return decode_link_layer(&empty, &unused, &at) != DECODE_UNKNOWN_LINK;
}
