// SPDX-License-Identifier: BSD-2-Clause
/*
 * Recognises the second copy of one packet. A capture on "any" sees a forwarded packet on each
 * interface that it passes, a bridge's port and the bridge both show it, a mirror port shows it
 * twice: none of this is a retransmission, and counting it as one would invent losses.
 *
 * A copy is equal in everything that the sender wrote and routers leave alone; a retransmission
 * of the same bytes differs in what the sender writes anew each time: the IPv4 identification
 * (RFC 6864 lets DF packets repeat it; Linux counts it up) and the time stamp option
 * (RFC 7323). A packet that carries neither has to be believed by time alone, so the window is
 * then fifty times shorter; but not for a SYN, whose first retransmission is a second away.
 *
 * Every packet goes through copies_has_seen() once, before anything else counts it. Two things are
 * not recognised: one packet before and after address translation (two tuples: two connections),
 * and one that was cut into others by segmentation offload between two capture points.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "packet/tuple.h"

#define COPIES_WINDOW_NS_DEFAULT 50000000u

struct copies;

/*
 * Copies are at most `window_ns` apart. NULL if there is no memory. The memory (64 KiB) bounds how
 * many other packets may lie between two copies: about 4,000.
 */
struct copies *copies_new(uint64_t window_ns, const struct hash_key *key);

void copies_free(struct copies *c);

/* True if `p` is a copy of a packet seen before; otherwise it is remembered. */
bool copies_has_seen(struct copies *c, const struct packet *p);
