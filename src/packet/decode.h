// SPDX-License-Identifier: BSD-2-Clause
/*
 * From a captured frame to a struct packet. Every header that is needed must have been captured;
 * the payload may be missing, so a small snapshot length is enough (see DECODE_SNAPLEN). A frame
 * that is not a TCP segment, or not an ICMP error about one, is refused with a reason, which the
 * caller counts: nothing disappears without a trace.
 *
 * Of a tunnel it is the innermost packet that counts, whatever carries it:
 *
 *	below IP	VLAN, QinQ and other tags, MPLS (RFC 3032, with a pseudowire RFC 4385),
 *PPPoE (RFC 2516), 802.1ah, FabricPath, TRILL (RFC 6325), NSH (RFC 8300), MACsec without encryption
 *	in IP		IP (RFC 2003, RFC 2473, RFC 4213), GRE (RFC 2784, RFC 2890; PPTP: RFC 2637;
 *			with ERSPAN or 802.11), EtherIP (RFC 3378), MPLS (RFC 4023), AH (RFC 4302)
 *	in UDP		VXLAN (RFC 7348, with the GPE's next protocol), Geneve (RFC 8926), GTP-U
 *			(3GPP TS 29.281), Teredo (RFC 4380), L2TP (RFC 2661), LISP (RFC 9300), GRE
 *			(RFC 8086), MPLS (RFC 7510), CAPWAP (RFC 5415), AYIYA, TZSP
 *
 * UDP tunnels are known by their ports, and by what stands behind them making sense.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"

/* Link type values as pcap_datalink() returns them, and as they stand in files. */
enum decode_link {
	LINK_NULL = 0,
	LINK_EN10MB = 1,
	LINK_IEEE802_5 = 6,
	LINK_ARCNET_BSD = 7,
	LINK_SLIP = 8,
	LINK_PPP = 9,
	LINK_FDDI = 10,
	LINK_ATM_RFC1483 = 11,
	LINK_RAW = 12,
	LINK_RAW_BSD = 14,
	LINK_PPP_SERIAL = 50,
	LINK_PPP_ETHER = 51,
	LINK_ATM_RFC1483_FILE = 100,
	LINK_RAW_FILE = 101,
	LINK_C_HDLC = 104,
	LINK_IEEE802_11 = 105,
	LINK_FRELAY = 107,
	LINK_LOOP = 108,
	LINK_ENC = 109,
	LINK_LINUX_SLL = 113,
	LINK_PFLOG = 117,
	LINK_PRISM = 119,
	LINK_RADIOTAP = 127,
	LINK_ARCNET_LINUX = 129,
	LINK_AVS = 163,
	LINK_PPP_PPPD = 166,
	LINK_JUNIPER_ETHER = 178,
	LINK_PPI = 192,
	LINK_PPP_WITH_DIR = 204,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_NFLOG = 239,
	LINK_IPOIB = 242,
	LINK_PKTAP = 258,
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
	DECODE_CUT_TUNNEL,
	DECODE_NOT_IP,
	DECODE_TOO_MANY_TAGS,
	DECODE_TOO_DEEP,       /* more headers, one in another, than anybody nests */
	DECODE_UNKNOWN_TUNNEL, /* what it carries cannot be read: it may have been TCP */
	DECODE_ENCRYPTED,
	DECODE_BAD_IP,
	DECODE_FRAGMENT, /* not the first: without a TCP header */
	DECODE_TOO_MANY_EXTENSIONS,
	DECODE_NOT_TCP,
	DECODE_BAD_TCP,
	DECODE_BAD_ICMP,
	DECODE_ICMP_OTHER, /* not an error, or not about TCP */
	DECODE_RESULT_COUNT
};

/* Bytes of a frame within which every header fits that decode_frame() reads, options, VLAN tags
 * and one tunnel included; only chains of long IPv6 extension headers, and of tunnels, may need
 * more. */
#define DECODE_SNAPLEN 256

struct frame {
	const uint8_t *bytes; /* borrowed for the call */
	uint32_t captured_len;
	uint32_t wire_len; /* of the frame before the capture cut it */
	int link;	   /* enum decode_link */
	/*
	 * Which of several views of the network in one file shows it, 0: there can be only one.
	 * What is seen in two of them is there twice, and neither is a copy of the other.
	 */
	uint16_t view;
	uint64_t time_ns;
};

bool decode_knows_link(int link);

/* Decode one frame. `*ret` is set if, and only if, the result is DECODE_TCP or DECODE_ICMP_ERROR.
 */
enum decode_result decode_frame(const struct frame *f, struct packet *ret);

/* A short name such as "not-ip" for reports; never NULL. */
const char *decode_result_name(enum decode_result result);
