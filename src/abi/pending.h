/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the socket filter of `peek` (bpf/alone/handshake_filter.bpf.c) and its user agree upon: what
 * it remembers of pending handshakes, by which key, and where the IP header of a packet is.
 */
#pragma once
#include "abi/addr.h"

/* Where the filter finds the IP header: what pcap_datalink() says, as the kernel sees it. */
enum pending_link {
	PENDING_ETHERNET, /* behind an Ethernet header, and tags that no card took off */
	PENDING_COOKED,	  /* first; skb->protocol says what it is */
	PENDING_RAW,	  /* first; its version field says what it is */
};

/* A tuple without its direction. Ports as on the wire. */
struct pending_key {
	struct addr low, high;
	__u16 low_port_be, high_port_be;
};

/* What is known of the pending handshakes of a tuple; [2] without another word is by side. */
struct pending {
	__u64 touched_ns;
	__u32 syn[2];	  /* ISN of each side's newest SYN */
	__u32 syn_len[2]; /* and its payload (Fast Open) */
	__u32 early_ack;  /* what the client acknowledged */
	__u32 asked;	  /* the client's ISN as the SYN/ACK tells it, with SYN data that it took */
	__u32 answer[2];  /* ISN of the SYN/ACK: the first and the last one (SYN cookies) */
	__u16 window;	  /* of the last one */
	__u16 known;
	__u32 pad;
};

/* Fill a key; which side the source is on: 0 low, 1 high. */
static inline int pending_key_set(struct pending_key *key, const struct addr *src,
				  const struct addr *dst, __u16 src_port_be, __u16 dst_port_be)
{
	int side = src_port_be > dst_port_be;

	for (int i = 3; i >= 0; i--)
		if (src->word_be[i] != dst->word_be[i])
			side = src->word_be[i] > dst->word_be[i];
	key->low = side ? *dst : *src;
	key->high = side ? *src : *dst;
	key->low_port_be = side ? dst_port_be : src_port_be;
	key->high_port_be = side ? src_port_be : dst_port_be;
	return side;
}

/* Are both ends one? A socket can be connected to itself. */
static inline int pending_key_is_self(const struct pending_key *key)
{
	int differs = key->low_port_be != key->high_port_be;

	for (int i = 0; i < 4; i++)
		differs |= key->low.word_be[i] != key->high.word_be[i];
	return !differs;
}

_Static_assert(sizeof(struct pending_key) == 36, "no padding that would be compared");
