// SPDX-License-Identifier: BSD-2-Clause
/*
 * One captured TCP segment, or one ICMP error about a TCP segment, free of every link and IP
 * detail. decode_frame() makes it; everything else in this folder lives on it. Ports, sequence
 * numbers and lengths are in host order.
 *
 * Of an ICMP error, src, dst, the ports and seq are those of the *quoted* segment, so that the
 * error is found under the same tuple, and from the same side, as the segment it is about.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/addr.h"

enum packet_kind {
	PACKET_TCP,
	PACKET_ICMP_ERROR,
};

/* RFC 9293 section 3.1, RFC 3168 section 6.1. */
enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

/* What the capture knows about the way of a packet; only "cooked" captures know anything. */
enum packet_way {
	PACKET_WAY_UNKNOWN,
	PACKET_WAY_IN,	  /* to this host */
	PACKET_WAY_OUT,	  /* from this host */
	PACKET_WAY_OTHER, /* between other hosts, seen in promiscuous mode */
};

enum packet_option {
	PACKET_MSS = 0x01,
	PACKET_WSCALE = 0x02,
	PACKET_SACK_PERMITTED = 0x04,
	PACKET_TIMESTAMP = 0x08,
	PACKET_TFO_REQUEST = 0x10, /* Fast Open, no cookie yet (RFC 7413 section 4.1.1) */
	PACKET_TFO_COOKIE = 0x20,
	PACKET_OPTIONS_CUT = 0x40, /* malformed, or not captured in whole: the rest is unknown */
	PACKET_SACK = 0x80,	   /* blocks beyond `ack`: sack_end is set */
};

struct packet {
	uint64_t time_ns;
	struct addr src, dst;
	struct addr icmp_from, icmp_to; /* of an ICMP error: who sent it to whom */
	uint16_t src_port, dst_port;
	uint32_t seq, ack;
	uint32_t payload_len; /* bytes, as the IP header says; the capture may hold fewer */
	uint32_t tsval, tsecr;
	uint32_t sack_end;  /* behind the farthest block (RFC 2018) */
	uint32_t dsack_len; /* bytes that came twice, says the first block (RFC 2883); 0: none */
	uint32_t ifindex;   /* 0: not known */
	/*
	 * Made of VLANs, virtual networks, labels and the like on the way to the IP header, 0 if
	 * there are none: what has the same addresses in two networks need not be the same.
	 */
	uint32_t network;
	uint16_t window; /* as on the wire, not scaled */
	uint16_t mss;
	uint16_t ip_id;		/* 0 on IPv6 */
	uint8_t kind;		/* enum packet_kind */
	uint8_t family;		/* 4 or 6: of the IP header */
	uint8_t flags;		/* enum tcp_flag */
	uint8_t ttl;		/* of IPv6 the hop limit; of an ICMP error 0 */
	uint8_t usual_ttl;	/* of a RST: that of its sender's SYNs (ttl.h); 0: not known */
	uint8_t ecn;		/* IP ECN codepoint: 0 Not-ECT, 1 ECT(1), 2 ECT(0), 3 CE */
	uint8_t way;		/* enum packet_way */
	uint8_t options;	/* enum packet_option */
	uint8_t wscale;		/* shift count, at most 14 (RFC 7323 section 2.3) */
	uint8_t tfo_cookie_len; /* bytes */
	uint8_t icmp_type, icmp_code;
	uint8_t first_fragment; /* more fragments follow */
	bool is_tunneled;	/* inside another IP packet */
	/* Of the frame; see struct frame. */
	uint16_t view;
	uint16_t ip_at;		/* offset of the IP header in the frame */
	uint16_t transport_at;	/* offset of the TCP or ICMP header in the frame */
	uint32_t transport_len; /* bytes from there to the end of the IP packet */
};
