// SPDX-License-Identifier: BSD-2-Clause
/*
 * Packets of one connection, for tests of what comes behind the decoder: C(...) from the client
 * 10.0.0.1:40000, S(...) from the server 10.0.0.2:80. Flags, seq, ack, and length of the payload.
 * By convention the client's ISN is 1000 and the server's 5000.
 */
#pragma once
#include <stdbool.h>
#include <string.h>

#include "packet/packet.h"

enum {
	SYN = TCP_SYN,
	ACK = TCP_ACK,
	RST = TCP_RST,
	FIN = TCP_FIN,
};

#define MS 1000000u
#define SECOND 1000000000ull

struct segment {
	char from; /* 'C', 'S'; 'c', 's': an ICMP error that quotes the client's or the server's */
	unsigned int flags; /* of ICMP: type << 8 | code */
	uint32_t seq, ack, len;
};

#define C(...)                   \
	{                        \
		'C', __VA_ARGS__ \
	}
#define S(...)                   \
	{                        \
		'S', __VA_ARGS__ \
	}
#define ICMP_TO_C(type, code, seq)             \
	{                                      \
		'c', (type) << 8 | (code), seq \
	}
#define ICMP_TO_S(type, code, seq)             \
	{                                      \
		's', (type) << 8 | (code), seq \
	}

static inline struct addr test_addr(unsigned int last)
{
	struct addr a = {.byte = {[10] = 0xff, 0xff, 10, 0, (uint8_t)(last >> 8), (uint8_t)last}};

	return a;
}

static inline struct packet packet_of(struct segment s, uint64_t time_ns)
{
	bool from_client = s.from == 'C' || s.from == 'c';
	bool icmp = s.from == 'c' || s.from == 's';
	struct packet p;

	memset(&p, 0, sizeof(p));
	p.time_ns = time_ns;
	p.src = test_addr(from_client ? 1 : 2);
	p.dst = test_addr(from_client ? 2 : 1);
	p.src_port = from_client ? 40000 : 80;
	p.dst_port = from_client ? 80 : 40000;
	p.family = 4;
	p.kind = icmp ? PACKET_ICMP_ERROR : PACKET_TCP;
	p.seq = s.seq;
	p.ack = s.ack;
	p.payload_len = s.len;
	p.window = 60000;
	if (icmp) {
		p.icmp_type = (uint8_t)(s.flags >> 8);
		p.icmp_code = (uint8_t)s.flags;
		p.icmp_from = test_addr(254);
	} else {
		p.flags = (uint8_t)s.flags;
	}
	return p;
}
