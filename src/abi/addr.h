/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * One address form from the kernel edge to the printer: 16 bytes in network order, IPv4 as
 * v4-mapped (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2). An IPv4 connection on an AF_INET6 socket
 * is therefore the same flow as one on an AF_INET socket, and no code above this line asks for a
 * family except through addr_is_v4().
 */
#pragma once
#include <linux/types.h>

struct addr {
	union {
		__u8 byte[16];
		__u32 word_be[4];
	};
} __attribute__((aligned(4)));

/* The third word of every v4-mapped address, as it lies in memory. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ADDR_V4_PREFIX_BE 0xffff0000u
#else
#define ADDR_V4_PREFIX_BE 0x0000ffffu
#endif

/* True for ::ffff:0:0/96. */
static inline int addr_is_v4(const struct addr *a)
{
	return !a->word_be[0] && !a->word_be[1] && a->word_be[2] == ADDR_V4_PREFIX_BE;
}

/* Store an IPv4 address, given in network order, in its v4-mapped form. */
static inline void addr_set_v4(struct addr *a, __u32 v4_be)
{
	a->word_be[0] = 0;
	a->word_be[1] = 0;
	a->word_be[2] = ADDR_V4_PREFIX_BE;
	a->word_be[3] = v4_be;
}
