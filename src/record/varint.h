// SPDX-License-Identifier: BSD-2-Clause
/*
 * Numbers of 1 to 10 bytes: seven bits a byte, the low ones first, the top bit set in all but the
 * last (LEB128). Signed ones are folded first so that small ones of either sign stay short.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define VARINT_BYTES_MAX 10

/* 0, -1, 1, -2, ... become 0, 1, 2, 3, ... The argument is taken as two's complement. */
static inline uint64_t zigzag(uint64_t n)
{
	return (n << 1) ^ (0 - (n >> 63));
}

static inline uint64_t unzigzag(uint64_t n)
{
	return (n >> 1) ^ (0 - (n & 1));
}

/* Write `n` at `p`, which has VARINT_BYTES_MAX bytes of room. Returns the end. */
static inline uint8_t *varint_put(uint8_t *p, uint64_t n)
{
	while (n >= 0x80) {
		*p++ = (uint8_t)(n | 0x80);
		n >>= 7;
	}
	*p++ = (uint8_t)n;
	return p;
}

/* Read a number from [p, end). Returns what follows it; NULL if it is cut or has too many bits. */
static inline const uint8_t *varint_get(const uint8_t *p, const uint8_t *end, uint64_t *ret)
{
	uint64_t n = 0;

	for (unsigned shift = 0; p < end && shift < 70; shift += 7) {
		uint8_t byte = *p++;

		if (shift == 63 && byte > 1)
			return NULL;
		n |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = n;
			return p;
		}
	}
	return NULL;
}

static inline void put_le16(uint8_t *p, uint16_t n)
{
	p[0] = (uint8_t)n;
	p[1] = (uint8_t)(n >> 8);
}

static inline void put_le32(uint8_t *p, uint32_t n)
{
	put_le16(p, (uint16_t)n);
	put_le16(p + 2, (uint16_t)(n >> 16));
}

static inline void put_le64(uint8_t *p, uint64_t n)
{
	put_le32(p, (uint32_t)n);
	put_le32(p + 4, (uint32_t)(n >> 32));
}

static inline uint16_t get_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get_le32(const uint8_t *p)
{
	return get_le16(p) | (uint32_t)get_le16(p + 2) << 16;
}

static inline uint64_t get_le64(const uint8_t *p)
{
	return get_le32(p) | (uint64_t)get_le32(p + 4) << 32;
}
