// SPDX-License-Identifier: BSD-2-Clause
/*
 * The layers of decode_frame(), private to decode*.c. Each takes the frame and an offset, checks
 * every byte it reads against captured_len, and says where the next layer begins. A result of
 * DECODE_TCP means "go on".
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "packet/decode.h"

enum {
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_ICMPV6 = 58,
};

/* The IP header, or chain of headers, in front of a transport header. */
struct ip_layer {
	struct addr src, dst; /* dst: the final one, also if a routing header is on its way */
	uint32_t at;	      /* of the IP header */
	uint32_t transport_at;
	uint32_t transport_len; /* as the IP header says */
	uint16_t id;
	uint8_t family, protocol, ecn;
	bool first_fragment;
};

/* Find the IP header; note interface and way in `p`. */
enum decode_result decode_link_layer(const struct frame *f, struct packet *p, uint32_t *ret_at);

/*
 * Decode the IP header at `at`. Of a `quoted` header (inside an ICMP error) the length fields are
 * not judged, since routers change them and cut the datagram.
 */
enum decode_result decode_ip_layer(const struct frame *f, uint32_t at, bool quoted,
				   struct ip_layer *ret);

enum decode_result decode_tcp_layer(const struct frame *f, const struct ip_layer *ip,
				    struct packet *p);

enum decode_result decode_icmp_layer(const struct frame *f, const struct ip_layer *ip,
				     struct packet *p);

/* Are `count` bytes captured from `at` on? */
static inline bool frame_has(const struct frame *f, uint32_t at, uint32_t count)
{
	return at <= f->captured_len && count <= f->captured_len - at;
}
