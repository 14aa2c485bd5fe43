/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the socket filter of `peek` remembers of pending handshakes, and when it forgets. */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#include "abi/pending.h"

/* packet/sequence.h: no peer sends farther than this before the handshake is over. */
#define WINDOW_UNSCALED 65535

/* struct pending.known; a side is that of struct pending_key. */
#define KNOWS_SYN(side) (1 << (side))
#define KNOWS_REPLY(side) (4 << (side)) /* of the server on this side */
#define IS_EARLY(side) (16 << (side))	/* the client acknowledged a SYN/ACK that we did not see */
/* The SYN/ACK answers another SYN than the newest: perhaps one that we do not know any more. */
#define IS_UNSURE 64
/* There were more attempts at once than we keep. All of this tuple passes until ... */
#define IS_CROWDED 128	/* ... the newest is established: there was another SYN */
#define IS_CONFUSED 256 /* ... nobody waits any more: there was another SYN/ACK */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct pending_key);
	__type(value, struct pending);
} pending SEC(".maps");

/* After so long without a segment of its own nobody waits for a handshake any more. */
const volatile __u64 pending_ns = 65000000000ull;

/*
 * Both are loaded, and one is taken: an address that depends on what was received is refused to
 * those who have CAP_BPF without CAP_PERFMON.
 */
static __always_inline __u32 of_side(const __u32 *both, int side)
{
	__u32 low = both[0], high = both[1];

	return side ? high : low;
}

static __always_inline void set_side(__u32 *both, int side, __u32 value)
{
	__u32 low = both[0], high = both[1];

	both[0] = side ? low : value;
	both[1] = side ? value : high;
}

static __always_inline bool within(__u32 number, __u32 first, __u32 span)
{
	return number - first <= span;
}

/* Is `isn` that of this side's SYN, or of the end of the data that came with it? */
static __always_inline bool is_of_syn(const struct pending *p, int side, __u32 isn)
{
	return p->known & KNOWS_SYN(side) &&
	       within(isn, of_side(p->syn, side), of_side(p->syn_len, side));
}

/* The SYN/ACK of this side answers a SYN that we know. */
static __always_inline bool is_paired(const struct pending *p, int server)
{
	return p->known & KNOWS_REPLY(server) && is_of_syn(p, !server, p->asked);
}

static __always_inline bool has(const struct pending *p, __u16 known)
{
	return (p->known & known) == known;
}

/*
 * Each end is a client: a simultaneous open, or attempts from both ends. Rare, so it is not worked
 * out which segment belongs to which: what fits any of them passes, and nothing is forgotten.
 */
static __always_inline bool is_mixed(const struct pending *p)
{
	return has(p, KNOWS_SYN(0) | KNOWS_SYN(1)) || has(p, KNOWS_SYN(0) | KNOWS_REPLY(0)) ||
	       has(p, KNOWS_SYN(1) | KNOWS_REPLY(1));
}

/* Does `number` follow one of the ISNs of the SYN/ACK? */
static __always_inline bool follows_answer(const struct pending *p, __u32 number, __u32 span)
{
	return within(number, p->answer[0] + 1, span) || within(number, p->answer[1] + 1, span);
}

/* Does `number` follow something that is known to be this side's ISN? */
static __always_inline bool follows_any(const struct pending *p, int side, __u32 number)
{
	const __u32 span = 2 * WINDOW_UNSCALED;

	return (p->known & KNOWS_SYN(side) && within(number, of_side(p->syn, side) + 1, span)) ||
	       (p->known & KNOWS_REPLY(side) && follows_answer(p, number, span)) ||
	       (p->known & KNOWS_REPLY(!side) && within(number, p->asked + 1, span));
}

static __always_inline struct pending *find(const struct pending_key *key, __u64 now_ns)
{
	struct pending *p = bpf_map_lookup_elem(&pending, key);

	if (p && now_ns > p->touched_ns && now_ns - p->touched_ns > pending_ns)
		p->known = 0;
	return p;
}

/* The attempt whose client is this side is over. */
static __always_inline void forget_syn(struct pending *p, int client)
{
	if (is_paired(p, !client))
		p->known &= ~KNOWS_REPLY(!client);
	p->known &= ~(KNOWS_SYN(client) | IS_EARLY(client));
}

/* The attempt that this side's SYN/ACK answered is over. */
static __always_inline void forget_reply(struct pending *p, int server)
{
	if (p->known & IS_UNSURE)
		return;
	if (is_paired(p, server))
		forget_syn(p, !server);
	p->known &= ~KNOWS_REPLY(server);
}

/* It is over because it is established: then no earlier one of its tuple can be. */
static __always_inline void forget_established(struct pending *p, int server)
{
	if (is_paired(p, server))
		p->known &= ~IS_CROWDED;
	forget_reply(p, server);
}

/* After anything may have been forgotten. */
static __always_inline void settle(const struct pending_key *key, const struct pending *p)
{
	if (!(p->known & ~IS_UNSURE))
		bpf_map_delete_elem(&pending, key);
}
