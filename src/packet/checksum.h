// SPDX-License-Identifier: BSD-2-Clause
/*
 * Checksum verification (RFC 1071) of a frame that decode_frame() accepted. A checksum covers
 * bytes that a capture may not hold; then the answer is "cannot tell", never "bad".
 */
#pragma once
#include <stdbool.h>

#include "packet/decode.h"

enum checksum_result {
	CHECKSUM_GOOD,
	CHECKSUM_BAD,
	/* Not captured in whole, or only the first fragment of it: cannot be verified. */
	CHECKSUM_TRUNCATED,
	/*
	 * Holds the sum of the pseudo header alone: the packet was captured on its way out, before
	 * the network card filled in the rest (TCP only).
	 */
	CHECKSUM_OFFLOADED,
	/* There is none: the IPv6 header. */
	CHECKSUM_ABSENT,
	CHECKSUM_RESULT_COUNT
};

/* The IPv4 header. `p` is what decode_frame() made of `f`. */
enum checksum_result checksum_ip(const struct frame *f, const struct packet *p);

/* The TCP segment, or the whole ICMP or ICMPv6 message. */
enum checksum_result checksum_transport(const struct frame *f, const struct packet *p);

/* A short name such as "truncated"; never NULL. */
const char *checksum_result_name(enum checksum_result result);

/* Is one of them bad? `depth`: 0 verifies none, 1 those of IP and ICMP, 2 that of TCP too. */
bool checksum_is_damaged(const struct frame *f, const struct packet *p, int depth);
