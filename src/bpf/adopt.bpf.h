/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the iterators share: writing events into the mmapped array, and adopting sockets that are
 * older than us.
 */
#pragma once
#include "bpf/extra.bpf.h"
#include "bpf/request.bpf.h"

/* The third part of an event, after its ident: three slots. */
static __always_inline void put_extra(struct snap_control *ctl, struct flow *f, struct tcp_sock *tp,
				      __u8 state)
{
	struct ev_extra extra = {};
	__u32 at = ctl->used;

	extra.synack_retrans = f->synack_retrans;
	read_extra(tp, state, &extra);
	for (int i = 0; i < 3; i++) {
		__u32 next = at + i;
		struct snap_slot *slot = bpf_map_lookup_elem(&snap, &next);

		if (!slot)
			return;
		__builtin_memcpy(slot, (void *)&extra + i * SNAP_SLOT_SIZE, SNAP_SLOT_SIZE);
	}
	ctl->used = at + 3;
}

/* Write one event to the array; the caller has checked that SNAP_SLOTS_MAX slots are free. */
static __always_inline void put(struct snap_control *ctl, struct flow *f, struct tcp_sock *tp,
				__u8 state, struct ev_count *c, __u8 kind, __u8 flags)
{
	__u32 at = ctl->used;
	struct ev_head *head;
	struct event *e;
	__u32 next;

	e = bpf_map_lookup_elem(&snap, &at);
	if (!e)
		return;
	head = &e->head;
	head->id = f->id;
	head->kind = kind;
	head->state = state;
	head->flags = flags;
	head->end_reason = END_NONE;
	head->error = 0;
	__builtin_memcpy((void *)e + sizeof(*head), c, sizeof(*c));
	ctl->used = at + 1;
	if (!(flags & EV_HAS_IDENT))
		return;
	next = at + 1;
	struct snap_slot *first = bpf_map_lookup_elem(&snap, &next);
	next = at + 2;
	struct snap_slot *second = bpf_map_lookup_elem(&snap, &next);
	if (!first || !second)
		return;
	/* time_ns, then ident: 8 + 120 bytes in two slots. */
	first->word[0] = bpf_ktime_get_ns();
	__builtin_memcpy(&first->word[1], &f->ident, 56);
	__builtin_memcpy(second, (void *)&f->ident + 56, 64);
	ctl->used = at + 3;
	if ((want_extra || want_handshakes) && flags & EV_HAS_EXTRA)
		put_extra(ctl, f, tp, state);
}

/* A listener moves nothing, but it has a queue and drops. */
static __always_inline void put_listener(struct snap_control *ctl, struct flow *f,
					 struct tcp_sock *tp, __u8 flags)
{
	struct ev_count none = {};

	f->id = bpf_get_socket_cookie(SK(tp));
	read_tuple(tp, &f->ident);
	put(ctl, f, tp, ST_LISTEN, &none, EV_SAMPLE, EV_HAS_IDENT | EV_HAS_EXTRA | flags);
}

/* End user space's read() when the next event might not fit. */
static __always_inline void yield_if_full(struct snap_control *ctl, struct seq_file *seq)
{
	__u8 full = 1;

	if (ctl->used > SNAP_SLOTS - 3 * SNAP_SLOTS_MAX)
		bpf_seq_write(seq, &full, 1);
}

/* Adopt a socket that an iterator met, and tell user space of it as it is now: its baseline. */
static __always_inline struct flow *adopt(struct sock *sk, struct seq_file *seq)
{
	struct snap_control *ctl = control_get();
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct ev_count c;
	struct flow *f;
	__u8 state;

	if (!tp || !ctl)
		return 0;
	state = SK(tp)->__sk_common.skc_state;
	if (state == ST_CLOSE || (ctl->listeners_only && state != ST_LISTEN))
		return 0;
	f = adopt_sock(tp, state);
	if (f && state == ST_LISTEN)
		note_listener(tp);
	if (ctl->silent)
		return f;
	if (want_extra && f && state == ST_LISTEN) {
		put_listener(ctl, f, tp, EV_BASELINE);
		yield_if_full(ctl, seq);
	}
	if (!f || state == ST_LISTEN)
		return 0;
	read_count(tp, state, f->syn, &c);
	f->sampled_received = tp->bytes_received;
	f->sampled_write_seq = tp->write_seq;
	put(ctl, f, tp, state, &c, EV_OPEN,
	    EV_HAS_IDENT | EV_BASELINE | (want_extra ? EV_HAS_EXTRA : 0));
	/* It may have closed while we adopted it, and on_change() found it half-made. */
	__sync_lock_test_and_set(&f->adopted, 1);
	if ((f->closing || SK(tp)->__sk_common.skc_state == ST_CLOSE) &&
	    !__sync_lock_test_and_set(&f->ended, 1)) {
		f->phase = PHASE_CLOSED;
		put(ctl, f, tp, state, &c, EV_CLOSE,
		    EV_HAS_IDENT | (want_extra ? EV_HAS_EXTRA : 0));
		ACCOUNT_ADD(closed, 1);
	}
	yield_if_full(ctl, seq);
	return f;
}
