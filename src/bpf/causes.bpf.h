/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Why segments of a socket were sent again. The kernel counts how many there were (total_retrans),
 * and announces each time that it sends some, just after it has counted them: retransmit.bpf.c
 * looks then why, and as many as are sent then are of that cause. So nothing is counted twice, and
 * what is new in the kernel's count, but was never announced, is told apart: CAUSE_OTHER.
 */
#pragma once
#include "bpf/list.bpf.h"
#include "bpf/sock.bpf.h"

/*
 * Those of a flow; NULL: it has none yet. `by_list`: a look met it in the list, so its socket
 * cannot be asked for storage.
 */
static __always_inline struct causes *causes_of(struct flow *f, struct tcp_sock *tp, bool by_list)
{
	struct listed_extra *more = listed_extra_at(f->place);

	if (more)
		return &more->causes;
	return by_list ? 0 : bpf_sk_storage_get(&causes, SK(tp), 0, 0);
}

/*
 * `segs` were sent again before there was storage. Both a reading and an announcement may be the first to
 * make it.
 */
static __always_inline struct causes *causes_begin(struct flow *f, struct tcp_sock *tp,
						   bool by_list, __u32 cause, __u32 segs)
{
	struct causes *c = causes_of(f, tp, by_list);

	if (!c && !by_list)
		c = storage_make(&causes, SK(tp));
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
static __always_inline struct causes *causes_make(struct flow *f, struct tcp_sock *tp, bool by_list)
{
	struct causes *c = causes_of(f, tp, by_list);

	return c && c->begun ? c : causes_begin(f, tp, by_list, CAUSE_SYN, f->synack_retrans);
}

/* Of a flow that is older than us, and has its place: what it sent again before is of no cause that
 * we know. */
static __always_inline void causes_adopt(struct flow *f, struct tcp_sock *tp)
{
	if (want_causes && tp->total_retrans)
		causes_begin(f, tp, false, CAUSE_OTHER, tp->total_retrans);
}

/* Of a socket that sends, or listens; made if `make`, and if there are none. */
static __always_inline struct causes *causes_of_sock(struct tcp_sock *tp, bool make)
{
	struct flow *f = want_list_alone ? bpf_sk_storage_get(&flows, SK(tp), 0, 0) : 0;
	struct listed_extra *more = f ? listed_extra_at(f->place) : 0;

	if (more)
		return &more->causes;
	return make ? storage_make(&causes, SK(tp)) : bpf_sk_storage_get(&causes, SK(tp), 0, 0);
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
					bool by_list, struct ev_count *count, struct ev_extra *e)
{
	__u32 total = tp->total_retrans;
	/* Before the handshake is over, SYNs are all that can have been sent again. */
	__u32 sum = state == ST_SYN_RECV ? total : f->synack_retrans;
	struct causes *c;

	if (!want_causes)
		return;
	e->known |= KNOWN_CAUSES | (want_undo ? KNOWN_UNDO : 0);
	e->retrans[CAUSE_SYN] = sum;
	c = total == sum ? 0 : causes_make(f, tp, by_list);
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
static __always_inline void causes_read_listener(struct flow *f, struct tcp_sock *tp, bool by_list,
						 struct ev_extra *e)
{
	struct causes *c = want_causes ? causes_of(f, tp, by_list) : 0;

	if (want_causes)
		e->known |= KNOWN_CAUSES;
	if (c)
		e->retrans[CAUSE_SYN] = c->segs[CAUSE_SYN];
}
