/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Why segments of a socket were sent again. The kernel counts how many there were (total_retrans),
 * and announces each time that it sends some, just after it has counted them: retransmit.bpf.c
 * looks then why, and as many as are sent then are of that cause. So nothing is counted twice, and
 * what is new in the kernel's count, but was never announced, is told apart: CAUSE_OTHER.
 */
#pragma once
#include "bpf/sock.bpf.h"

struct causes {
	__u32 segs[CAUSE_COUNT];
	__u32 total;   /* of total_retrans: this many are in segs */
	__u32 met;     /* total_retrans as of the last reading */
	__u32 episode; /* segments sent again since a loss was noticed, until it is repaired */
	__u32 undone;
	__u32 undoable; /* 1: the kernel could have taken the episode back when it last sent */
	__u32 begun;	/* 1: segs and total hold what was sent again before there was storage */
};

/* Only of sockets that sent something again. Children of a listener start with nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct causes);
} causes __weak SEC(".maps");

const volatile __u8 want_causes __weak = 0;
const volatile __u8 want_undo __weak = 0; /* causes.undone */

/*
 * `segs` were sent again before there was storage. Both a reading and an announcement may be the first to
 * make it.
 */
static __always_inline struct causes *causes_begin(struct tcp_sock *tp, __u32 cause, __u32 segs)
{
	struct causes *c = storage_make(&causes, SK(tp));

	if (c && !__sync_lock_test_and_set(&c->begun, 1)) {
		__sync_fetch_and_add(&c->segs[cause], segs);
		__sync_fetch_and_add(&c->total, segs);
	}
	return c;
}

/*
 * The causes of a flow, made if there are none: the SYN/ACKs that were sent again were those of a
 * request, whose count the child took over.
 */
static __always_inline struct causes *causes_make(struct flow *f, struct tcp_sock *tp)
{
	struct causes *c = bpf_sk_storage_get(&causes, SK(tp), 0, 0);

	return c && c->begun ? c : causes_begin(tp, CAUSE_SYN, f->synack_retrans);
}

/* Of a flow that is older than us: what it sent again before is of no cause that we know. */
static __always_inline void causes_adopt(struct flow *f, struct tcp_sock *tp)
{
	if (want_causes && tp->total_retrans)
		causes_begin(tp, CAUSE_OTHER, tp->total_retrans);
}

/* The socket is connected again: another flow. */
static __always_inline void causes_forget(struct tcp_sock *tp)
{
	if (want_causes)
		bpf_sk_storage_delete(&causes, SK(tp));
}

/*
 * If the kernel finds that nothing was lost it takes back what it did to the congestion window, and
 * forgets where the episode began (tcp_undo_cwnd_reduction()): all that it sent was needless.
 */
static __always_inline bool causes_taken_back(const struct causes *c, struct tcp_sock *tp)
{
	return c->undoable && !tp->undo_marker;
}

/*
 * A socket is locked while it sends: by a spinlock in an interrupt, by its owner in a system call,
 * which may be kept from its CPU for any time. 0: it is not.
 */
static __always_inline __u32 may_be_sending(struct tcp_sock *tp)
{
	struct sock *sk = SK(tp);
	__u32 locked = sk->sk_lock.owned;

	if (bpf_core_field_exists(sk->sk_lock.slock.rlock.raw_lock.val.counter))
		locked |= sk->sk_lock.slock.rlock.raw_lock.val.counter;
	return locked;
}

/*
 * What the kernel has counted and not announced is just being sent, if it is new or the socket is
 * locked; if the last reading met it already, or the flow ends, it never will be announced.
 */
static __always_inline void causes_settle(struct causes *c, struct tcp_sock *tp, __u32 total,
					  bool last)
{
	__u32 known;

	/* More than `total`: announced since that was read. */
	if ((__s32)(total - c->total) <= 0)
		return;
	if (!last && ((c->met ^ total) | may_be_sending(tp))) {
		c->met = total;
		return;
	}
	/* Not before the lock was seen free: what was announced by then is known. */
	known = *(volatile __u32 *)&c->total;
	if ((__s32)(total - known) > 0 &&
	    __sync_val_compare_and_swap(&c->total, known, total) == known)
		__sync_fetch_and_add(&c->segs[CAUSE_OTHER], total - known);
}

/* Fills the causes, and sets the number of segments to their sum. `last`: the flow ends. */
static __always_inline void causes_read(struct flow *f, struct tcp_sock *tp, __u8 state, bool last,
					struct ev_count *count, struct ev_extra *e)
{
	__u32 total = tp->total_retrans;
	/* Before the handshake is over, SYNs are all that can have been sent again. */
	__u32 sum = state == ST_SYN_RECV ? total : f->synack_retrans;
	struct causes *c;

	if (!want_causes)
		return;
	e->known |= KNOWN_CAUSES | (want_undo ? KNOWN_UNDO : 0);
	e->retrans[CAUSE_SYN] = sum;
	c = total == sum ? 0 : causes_make(f, tp);
	if (c) {
		causes_settle(c, tp, total, last);
		sum = 0;
		for (int i = 0; i < CAUSE_COUNT; i++) {
			e->retrans[i] = c->segs[i];
			sum += c->segs[i];
		}
		e->undone = c->undone + (causes_taken_back(c, tp) ? c->episode : 0);
	}
	count->retrans_segs = sum;
}

/* Of a listener: the SYN/ACKs that its requests sent again. */
static __always_inline void causes_read_listener(struct tcp_sock *tp, struct ev_extra *e)
{
	struct causes *c = want_causes ? bpf_sk_storage_get(&causes, SK(tp), 0, 0) : 0;

	if (want_causes)
		e->known |= KNOWN_CAUSES;
	if (c)
		e->retrans[CAUSE_SYN] = c->segs[CAUSE_SYN];
}
