// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any bytes as a frame of any link type: nothing beyond the captured bytes is read (the frame is
 * copied to the end of a heap block of its size), a refusal changes nothing, what is accepted makes
 * sense, and the same frame with fewer bytes captured never decodes to something else.
 */
#include <stdlib.h>
#include <string.h>

#include "packet/checksum.h"

static const int links[] = {
	LINK_EN10MB,	   LINK_LINUX_SLL,   LINK_LINUX_SLL2,	 LINK_RAW,
	LINK_NULL,	   LINK_LOOP,	     LINK_IPV6,		 7777,
	LINK_IEEE802_5,	   LINK_ARCNET_BSD,  LINK_SLIP,		 LINK_PPP,
	LINK_FDDI,	   LINK_ATM_RFC1483, LINK_PPP_SERIAL,	 LINK_PPP_ETHER,
	LINK_C_HDLC,	   LINK_IEEE802_11,  LINK_FRELAY,	 LINK_ENC,
	LINK_PFLOG,	   LINK_PRISM,	     LINK_RADIOTAP,	 LINK_ARCNET_LINUX,
	LINK_AVS,	   LINK_PPP_PPPD,    LINK_JUNIPER_ETHER, LINK_PPI,
	LINK_PPP_WITH_DIR, LINK_NFLOG,	     LINK_IPOIB,	 LINK_PKTAP,
};

static void require(int truth)
{
	if (!truth)
		abort();
}

static void check_accepted(const struct frame *f, const struct packet *p)
{
	require(p->family == 4 || p->family == 6);
	require(p->transport_at > p->ip_at && p->transport_at <= f->captured_len);
	require(p->payload_len <= p->transport_len);
	require(p->wscale <= 14);
	require(!(p->options & PACKET_TFO_COOKIE) || p->tfo_cookie_len <= 16);
	require(p->family == 4 || !p->ip_id);
	require(checksum_ip(f, p) < CHECKSUM_RESULT_COUNT);
	require(checksum_transport(f, p) < CHECKSUM_RESULT_COUNT);
}

/* All that does not depend on options may be compared with the whole frame's. */
static void check_cut(const struct frame *whole, const struct packet *expected, uint32_t len)
{
	struct frame cut = *whole;
	struct packet p;

	cut.captured_len = len;
	if (decode_frame(&cut, &p) > DECODE_ICMP_ERROR)
		return;
	require(p.seq == expected->seq && p.ack == expected->ack);
	require(p.src_port == expected->src_port && p.dst_port == expected->dst_port);
	require(p.payload_len == expected->payload_len);
	require(!memcmp(&p.src, &expected->src, 16) && !memcmp(&p.dst, &expected->dst, 16));
	if (checksum_transport(&cut, &p) == CHECKSUM_GOOD)
		require(checksum_transport(whole, expected) == CHECKSUM_GOOD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet p, untouched;
	enum decode_result result;
	struct frame f;
	uint8_t *bytes;

	if (size < 2)
		return 0;
	bytes = malloc(size - 2);
	if (size > 2)
		memcpy(bytes, data + 2, size - 2);
	f = (struct frame){
		.bytes = bytes,
		.captured_len = (uint32_t)size - 2,
		.wire_len = (uint32_t)size - 2 + (data[1] & 1u) * 70000,
		.link = links[data[0] % (sizeof(links) / sizeof(links[0]))],
	};
	memset(&p, 0xa5, sizeof(p));
	untouched = p;
	result = decode_frame(&f, &p);
	require(result < DECODE_RESULT_COUNT && decode_result_name(result));
	if (result > DECODE_ICMP_ERROR) {
		require(!memcmp(&p, &untouched, sizeof(p)));
	} else {
		check_accepted(&f, &p);
		for (uint32_t len = 0; len < f.captured_len && len < 200; len += 1 + (data[1] >> 4))
			check_cut(&f, &p, len);
	}
	free(bytes);
	return 0;
}
