// SPDX-License-Identifier: BSD-2-Clause
/*
 * From a captured frame to a struct packet. Every header that is needed must have been captured;
 * the payload may be missing, so a small snapshot length is enough (see DECODE_SNAPLEN). A frame
 * that is not a TCP segment, or not an ICMP error about one, is refused with a reason, which the
 * caller counts: nothing disappears without a trace.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"

/* Link type values as pcap_datalink() returns them, and as they stand in files. */
enum decode_link {
	LINK_NULL = 0,
	LINK_EN10MB = 1,
	LINK_RAW = 12,
	LINK_RAW_BSD = 14,
	LINK_RAW_FILE = 101,
	LINK_LOOP = 108,
	LINK_LINUX_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_LINUX_SLL2 = 276,
};

enum decode_result {
	DECODE_TCP,
	DECODE_ICMP_ERROR,
	/* All others are refusals. */
	DECODE_UNKNOWN_LINK,
	DECODE_CUT_LINK, /* the capture ends inside this header */
	DECODE_CUT_IP,
	DECODE_CUT_TCP,
	DECODE_CUT_ICMP,
	DECODE_NOT_IP,
	DECODE_TOO_MANY_TAGS,
	DECODE_BAD_IP,
	DECODE_FRAGMENT, /* not the first: without a TCP header */
	DECODE_TOO_MANY_EXTENSIONS,
	DECODE_NOT_TCP,
	DECODE_BAD_TCP,
	DECODE_BAD_ICMP,
	DECODE_ICMP_OTHER, /* not an error, or not about TCP */
	DECODE_RESULT_COUNT
};

/* Bytes of a frame within which every header fits that decode_frame() reads, options and VLAN
 * tags included; only chains of long IPv6 extension headers may need more. */
#define DECODE_SNAPLEN 192

struct frame {
	const uint8_t *bytes; /* borrowed for the call */
	uint32_t captured_len;
	uint32_t wire_len; /* of the frame before the capture cut it */
	int link;	   /* enum decode_link */
	uint64_t time_ns;
};

bool decode_knows_link(int link);

/* Decode one frame. `*ret` is set if, and only if, the result is DECODE_TCP or DECODE_ICMP_ERROR.
 */
enum decode_result decode_frame(const struct frame *f, struct packet *ret);

/* A short name such as "not-ip" for reports; never NULL. */
const char *decode_result_name(enum decode_result result);
