// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The socket filter of `peek`: of all packets, those that can change what becomes of a handshake.
 * On a busy link data segments then never reach user space.
 *
 * SYN, SYN/ACK, RST and ICMP errors always pass, and so does whatever cannot be read. Any other
 * segment matters only to a handshake that is pending, which packet/handshake.h follows exactly.
 * Here enough is kept of each to tell which segments those are:
 *
 *	pass	unless it is certain that the segment changes nothing there
 *	forget	only when it is certain that the handshake is over there
 *
 * so this may err on the side of passing, and what passes needlessly does no harm. A wrong number
 * neither passes nor makes us forget. Of several attempts on one tuple at once the newest SYN of
 * each side is kept, and one SYN/ACK; where that is not enough, all segments of the tuple pass.
 *
 * An object of its own: it needs no tracing and no BTF of the kernel, and loads with CAP_BPF alone
 * where the verifier lets those who lack CAP_PERFMON spill numbers and pointers to one place.
 */
#include "bpf/alone/parse.bpf.h"
#include "bpf/alone/pending.bpf.h"

/* include/net/flow.h, linux/if_packet.h */
#define LOOPBACK_IFINDEX 1
#define PACKET_OUTGOING 4

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

#define HOLD 0

const volatile __u8 link_type = PENDING_ETHERNET;
const volatile __u32 snaplen = 192;

/* SYN */

static __always_inline void take_syn(const struct pending_key *key, int side,
				     const struct segment *s)
{
	__u64 now_ns = bpf_ktime_get_ns();
	struct pending *p = find(key, now_ns);

	if (!p) {
		struct pending first = {
			.touched_ns = now_ns,
			.syn = {s->seq, s->seq},
			.syn_len = {s->payload_len, s->payload_len},
			.known = KNOWS_SYN(side),
		};

		bpf_map_update_elem(&pending, key, &first, BPF_ANY);
		return;
	}
	p->touched_ns = now_ns;
	if (!(p->known & KNOWS_SYN(side)) || of_side(p->syn, side) != s->seq) {
		if (p->known & KNOWS_SYN(side))
			p->known |= IS_CROWDED;
		set_side(p->syn, side, s->seq);
		set_side(p->syn_len, side, 0);
		p->known = (p->known & ~IS_EARLY(side)) | KNOWS_SYN(side);
	}
	if (of_side(p->syn_len, side) < s->payload_len)
		set_side(p->syn_len, side, s->payload_len);
}

/* SYN/ACK */

static __always_inline void note_reply(struct pending *p, int side, const struct segment *s)
{
	bool again =
		p->known & KNOWS_REPLY(side) &&
		(p->asked == s->ack - 1 || (is_paired(p, side) && is_of_syn(p, !side, s->ack - 1)));

	if (!again && p->known & (KNOWS_REPLY(0) | KNOWS_REPLY(1)) &&
	    !is_of_syn(p, !side, s->ack - 1)) {
		p->known |= IS_CONFUSED;
		return;
	}
	if (!again) {
		p->known &= ~(KNOWS_REPLY(0) | KNOWS_REPLY(1) | IS_UNSURE);
		if (p->known & KNOWS_SYN(!side) && !is_of_syn(p, !side, s->ack - 1))
			p->known |= IS_UNSURE;
		p->known |= KNOWS_REPLY(side);
		p->answer[0] = s->seq;
	}
	p->asked = s->ack - 1;
	p->answer[1] = s->seq;
	p->window = s->window;
}

static __always_inline void note_mixed_reply(struct pending *p, int side, const struct segment *s)
{
	if (!follows_any(p, side, s->seq + 1) || !follows_any(p, !side, s->ack))
		p->known |= IS_CONFUSED;
}

/* The client's acknowledgement of this SYN/ACK came before it. */
static __always_inline bool comes_late(const struct pending *p, int side, const struct segment *s)
{
	return p->known & IS_EARLY(!side) && is_of_syn(p, !side, s->ack - 1) &&
	       within(p->early_ack, s->seq + 1, WINDOW_UNSCALED);
}

static __always_inline void take_reply(const struct pending_key *key, int side,
				       const struct segment *s)
{
	__u64 now_ns = bpf_ktime_get_ns();
	struct pending *p = find(key, now_ns);

	if (!p) {
		struct pending first = {
			.touched_ns = now_ns,
			.asked = s->ack - 1,
			.answer = {s->seq, s->seq},
			.window = s->window,
			.known = KNOWS_REPLY(side),
		};

		bpf_map_update_elem(&pending, key, &first, BPF_ANY);
		return;
	}
	p->touched_ns = now_ns;
	if (p->known & IS_CONFUSED)
		return;
	if (is_mixed(p))
		note_mixed_reply(p, side, s);
	else if (comes_late(p, side, s))
		forget_syn(p, !side);
	else if (!(p->known & IS_EARLY(!side)) || !is_of_syn(p, !side, s->ack - 1))
		note_reply(p, side, s);
	settle(key, p);
}

/* RST: which attempts of this tuple does it end? */

/* Only numbers that the receiver is sure to heed, and packet/handshake_feed.c with it. */
static __always_inline bool resets_own_syn(const struct pending *p, int side,
					   const struct segment *s)
{
	return p->known & KNOWS_SYN(side) && s->seq == of_side(p->syn, side) + 1;
}

static __always_inline bool rejects_syn(const struct pending *p, int side, const struct segment *s)
{
	if (p->known & IS_EARLY(!side) && s->seq == p->early_ack)
		return true;
	return s->flags & ACK && is_of_syn(p, !side, s->ack - 1);
}

static __always_inline bool resets_own_reply(const struct pending *p, int side,
					     const struct segment *s)
{
	if (!(p->known & KNOWS_REPLY(side)))
		return false;
	return follows_answer(p, s->seq, 0) || (s->flags & ACK && s->ack == p->asked + 1);
}

static __always_inline bool aborts_reply(const struct pending *p, int side, const struct segment *s)
{
	return p->known & KNOWS_REPLY(!side) && s->seq == p->asked + 1;
}

static __always_inline void take_reset(const struct pending_key *key, int side,
				       const struct segment *s)
{
	struct pending *p = find(key, bpf_ktime_get_ns());

	if (!p || p->known & IS_CONFUSED || is_mixed(p))
		return;
	if (resets_own_reply(p, side, s))
		forget_reply(p, side);
	if (aborts_reply(p, side, s))
		forget_reply(p, !side);
	if (resets_own_syn(p, side, s))
		forget_syn(p, side);
	if (rejects_syn(p, side, s))
		forget_syn(p, !side);
	settle(key, p);
}

/* ACK, with data or FIN or without. Each of these says whether the segment passes. */

static __always_inline bool carries(const struct segment *s)
{
	return s->payload_len || s->flags & FIN;
}

/* The client's, after the SYN/ACK: final_ack() of packet/handshake_feed.c. */
static __always_inline bool client_acks(struct pending *p, int side, const struct segment *s)
{
	bool paired = is_paired(p, !side);
	__u32 first = (paired ? of_side(p->syn, side) : p->asked) + 1;
	__u32 span = p->window + (paired ? of_side(p->syn_len, side) : 0);

	if (!within(s->seq, first, span))
		return false;
	if (follows_answer(p, s->ack, 0)) {
		forget_established(p, !side);
		return true;
	}
	/* Data of a server that is not known to be established may be acknowledged too. */
	return follows_answer(p, s->ack, WINDOW_UNSCALED);
}

/* The server's, after its SYN/ACK: it shows that the ACK came, which we did not see. */
static __always_inline bool server_speaks(struct pending *p, int side, const struct segment *s)
{
	bool paired = is_paired(p, side);
	__u32 first = (paired ? of_side(p->syn, !side) : p->asked) + 1;
	__u32 syn_len = paired ? of_side(p->syn_len, !side) : 0;

	if (!follows_answer(p, s->seq, 2 * WINDOW_UNSCALED) ||
	    !within(s->ack, first, WINDOW_UNSCALED + syn_len))
		return false;
	/* A Fast Open server may speak before; then wait for more. */
	if (!syn_len && follows_answer(p, s->seq, WINDOW_UNSCALED) &&
	    (s->ack != first || carries(s)))
		forget_established(p, side);
	return true;
}

/* The client's, and no SYN/ACK was seen. Only the first tells anything; a FIN shows in the row. */
static __always_inline bool client_acks_early(struct pending *p, int side, const struct segment *s)
{
	if (!within(s->seq, of_side(p->syn, side) + 1, WINDOW_UNSCALED + of_side(p->syn_len, side)))
		return false;
	/* The SYN/ACK may have been that of an attempt before, which failed. */
	if (is_paired(p, !side))
		return true;
	if (p->known & IS_EARLY(side))
		return s->flags & FIN;
	p->known |= IS_EARLY(side);
	p->early_ack = s->ack;
	return true;
}

/*
 * The server's, and no SYN/ACK was seen. What does not show that it is established is a challenge
 * of an old incarnation (RFC 5961 section 4), which changes nothing.
 */
static __always_inline bool server_speaks_first(struct pending *p, int side,
						const struct segment *s)
{
	__u32 syn_len = of_side(p->syn_len, !side);
	__u32 beyond = s->ack - (of_side(p->syn, !side) + 1);
	bool shows = p->known & IS_EARLY(!side) ? within(s->seq, p->early_ack, WINDOW_UNSCALED)
						: beyond > syn_len || carries(s);

	if (!shows || beyond > WINDOW_UNSCALED + syn_len)
		return false;
	if (!is_paired(p, side))
		forget_syn(p, !side);
	return true;
}

static __always_inline bool tells(struct pending *p, int side, const struct segment *s)
{
	if (is_mixed(p))
		return follows_any(p, side, s->seq) || follows_any(p, !side, s->ack);
	if (p->known & KNOWS_REPLY(!side) && client_acks(p, side, s))
		return true;
	if (p->known & KNOWS_REPLY(side) && server_speaks(p, side, s))
		return true;
	if (p->known & KNOWS_SYN(side) && client_acks_early(p, side, s))
		return true;
	return p->known & KNOWS_SYN(!side) && server_speaks_first(p, side, s);
}

static __always_inline bool take_ack(const struct pending_key *key, int side,
				     const struct segment *s)
{
	struct pending *p = bpf_map_lookup_elem(&pending, key);
	__u64 now_ns;

	/* This is where data ends. */
	if (!p)
		return false;
	now_ns = bpf_ktime_get_ns();
	if (now_ns > p->touched_ns && now_ns - p->touched_ns > pending_ns)
		return false;
	if (p->known & IS_CONFUSED)
		return true;
	if (!tells(p, side, s))
		return p->known & IS_CROWDED;
	p->touched_ns = now_ns;
	settle(key, p);
	return true;
}

/* Does this segment pass? */
static __always_inline bool take(const struct segment *s)
{
	struct pending_key key;
	int side = pending_key_set(&key, &s->src, &s->dst, s->src_port_be, s->dst_port_be);
	/* A socket that is connected to itself needs no ACK beyond its own SYN/ACK. */
	bool is_self = pending_key_is_self(&key);

	if (s->flags & RST) {
		take_reset(&key, side, s);
		return true;
	}
	if (!(s->flags & SYN))
		return s->flags & ACK && !is_self && take_ack(&key, side, s);
	if (is_self || s->flags & FIN)
		return true;
	if (s->flags & ACK)
		take_reply(&key, side, s);
	else
		take_syn(&key, side, s);
	return true;
}

/*
 * Loopback shows each packet twice, and libpcap leaves out the first: that one must teach us
 * nothing, or the second is taken for one too many.
 */
static __always_inline bool is_left_out(const struct __sk_buff *skb)
{
	return skb->ifindex == LOOPBACK_IFINDEX && skb->pkt_type == PACKET_OUTGOING;
}

SEC("socket")
int pass_handshakes(struct __sk_buff *skb)
{
	struct segment s = {};

	if (is_left_out(skb))
		return HOLD;
	switch (parse(skb, link_type, &s)) {
	case PARSE_TCP:
		return take(&s) ? (int)snaplen : HOLD;
	case PARSE_NOTHING:
		return HOLD;
	default:
		return (int)snaplen;
	}
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
