// SPDX-License-Identifier: BSD-2-Clause
/*
 * Frames for the tests of the packet layer: from hexadecimal text, or put together header by
 * header. Every header is written with the lengths given, right or wrong.
 */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "packet/decode.h"

struct wire {
	uint8_t bytes[4096];
	uint32_t len;
};

static inline void put8(struct wire *w, unsigned int value)
{
	w->bytes[w->len++] = (uint8_t)value;
}

static inline void put16(struct wire *w, unsigned int value)
{
	put8(w, value >> 8);
	put8(w, value);
}

static inline void put32(struct wire *w, uint32_t value)
{
	put16(w, value >> 16);
	put16(w, value & 0xffff);
}

static inline void put_zeros(struct wire *w, unsigned int count)
{
	while (count--)
		put8(w, 0);
}

static inline void put_hex(struct wire *w, const char *hex)
{
	unsigned int byte;

	for (; *hex; hex += *hex == ' ' ? 1 : 2) {
		if (*hex == ' ')
			continue;
		sscanf(hex, "%2x", &byte);
		put8(w, byte);
	}
}

static inline struct wire wire_of(const char *hex)
{
	struct wire w = {.len = 0};

	put_hex(&w, hex);
	return w;
}

/* 10.0.0.1 -> 10.0.0.2; `len` is that of the payload. */
static inline void put_ip4(struct wire *w, unsigned int protocol, unsigned int len)
{
	put_hex(w, "4500");
	put16(w, 20 + len);
	put_hex(w, "1234 4000 40");
	put8(w, protocol);
	put_hex(w, "0000 0a000001 0a000002");
}

/* 2001:db8::1 -> 2001:db8::2 */
static inline void put_ip6(struct wire *w, unsigned int next, unsigned int len)
{
	put_hex(w, "60000000");
	put16(w, len);
	put8(w, next);
	put_hex(w, "40 20010db8000000000000000000000001 20010db8000000000000000000000002");
}

/* Port 1000 -> 80, seq 1, ack 2; `options` in hexadecimal, a multiple of four bytes. */
static inline void put_tcp(struct wire *w, unsigned int flags, const char *options)
{
	unsigned int words = 5 + (unsigned int)strlen(options) / 8;

	put_hex(w, "03e8 0050 00000001 00000002");
	put8(w, words << 4);
	put8(w, flags);
	put_hex(w, "1000 0000 0000");
	put_hex(w, options);
}

static inline struct frame frame_of(const struct wire *w, int link)
{
	return (struct frame){
		.bytes = w->bytes,
		.captured_len = w->len,
		.wire_len = w->len,
		.link = link,
		.time_ns = 7,
	};
}

static inline enum decode_result decode_wire(const struct wire *w, int link, struct packet *ret)
{
	struct frame f = frame_of(w, link);

	return decode_frame(&f, ret);
}

static inline struct addr addr4(unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
	struct addr addr = {
		.byte = {[10] = 0xff, 0xff, (uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d}};

	return addr;
}
