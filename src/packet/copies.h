// SPDX-License-Identifier: BSD-2-Clause
/*
 * Recognises the second copy of one packet. A capture on "any" sees a forwarded packet on each
 * interface that it passes, a bridge's port and the bridge both show it, a mirror port shows it
 * twice: none of this is a retransmission, and counting it as one would invent losses.
 *
 * A copy is equal in everything that the sender wrote and routers leave alone. So, at worst, is a
 * retransmission: on IPv6, and within the same tick of the time stamp option, a sender writes
 * nothing anew, and a lost segment can be repaired in less than that tick. What tells them apart:
 *
 * - a SYN, and the SYN/ACK that answers it, is not sent again before a second has passed;
 * - where the interface is known, a packet passes it in one direction once: a copy comes from
 *   another interface, or in the other direction;
 * - where it is not, an IPv4 identification that is not zero: Linux, like others, counts it up (but
 *   RFC 6864 lets senders repeat it);
 * - else the habit of the capture: a port that mirrors both directions of another shows nearly
 * every packet twice, and no loss makes every third segment come again within one tick.
 *
 * Every packet goes through copies_has_seen() once, before anything else counts it. Two things are
 * not recognised: one packet before and after address translation (two tuples: two connections),
 * and one that was cut into others by segmentation offload between two capture points.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "packet/tuple.h"

/* A forwarded packet may wait in a queue between two interfaces. */
#define COPIES_WINDOW_NS_DEFAULT 50000000u

struct copies;

/*
 * Copies are at most `window_ns` apart. NULL if there is no memory. The memory (136 KiB) bounds how
 * many other packets may lie between two copies: about 4,000.
 */
struct copies *copies_new(uint64_t window_ns, const struct hash_key *key);

void copies_free(struct copies *c);

/* True if `p` is a copy of a packet seen before; otherwise it is remembered. */
bool copies_has_seen(struct copies *c, const struct packet *p);
