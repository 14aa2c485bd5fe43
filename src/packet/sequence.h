// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sequence number arithmetic (RFC 9293 section 3.4): modulo 2**32, so that "less than" has no
 * meaning without a window. Every test here is therefore a distance from a known point.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The largest receive window TCP can have, and so the farthest two live numbers can be apart
 * (RFC 7323 section 2.3). */
#define SEQUENCE_WINDOW_MAX (1u << 30)

/* The window field of a SYN or SYN/ACK is never scaled (RFC 7323 section 2.2), so no peer can
 * have sent more than this before the handshake was over. */
#define SEQUENCE_WINDOW_UNSCALED 65535u

/* True if `seq` is one of the `span` + 1 numbers from `first` on. */
static inline bool sequence_within(uint32_t seq, uint32_t first, uint32_t span)
{
	return seq - first <= span;
}

/* The 64-bit position with the low word `seq` that is nearest to `near`. */
static inline uint64_t sequence_unwrap(uint64_t near, uint32_t seq)
{
	return near + (uint64_t)(int64_t)(int32_t)(seq - (uint32_t)near);
}
