/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What a look tells of a live flow, by whatever way it met it. */
#pragma once
#include "bpf/slots.bpf.h"

/*
 * Is all of this flow to be read? Where many move, and whoever asks can do with less, each is in
 * its turn. The lowest bits of cookies are as good as random.
 */
static __always_inline bool reads_whole(const struct snap_control *ctl, const struct flow *f,
					const struct told *told)
{
	if (!want_extra || ctl->plain)
		return false;
	return !ctl->turns || ctl->all || !told->announced || f->id == ctl->watched ||
	       (__u32)f->id % ctl->turns == ctl->turn;
}

/* What an application has written or was sent, and what is not there yet, can come to be stuck. */
static __always_inline bool has_waiting(struct tcp_sock *tp)
{
	return tp->write_seq != tp->snd_una || tp->rcv_nxt != tp->copied_seq;
}

/*
 * Tell what changed since the last look that met it, which `told` remembers. `tp` is good to read
 * from, no more. `sk`: the socket, of which helpers may be asked; not if `by_list`. Returns whether
 * it told something.
 */
static __always_inline bool tell_flow(struct snap_control *ctl, struct flow *f, struct tcp_sock *tp,
				      struct sock *sk, bool by_list, __u8 state, struct told *told)
{
	/* What the application wrote moves write_seq alone: acknowledgements change no count. */
	__u64 received = tp->bytes_received;
	__u32 write_seq = tp->write_seq;
	bool is_same, is_whole;
	struct ev_count c;
	__u8 flags = 0;

	is_same = told->announced && !ctl->all && received == told->received &&
		  write_seq == told->write_seq;
	if (is_same && want_extra && ctl->each && !f->waiting) {
		put_same(ctl, f->id, state);
		return true;
	}
	if (is_same && !(want_extra && (ctl->stalls || ctl->each) && f->waiting))
		return false;
	ctl->moved += !ctl->all;
	is_whole = reads_whole(ctl, f, told);
	if (is_same && !is_whole)
		return false;
	if (is_whole && !by_list)
		tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return false;
	told->received = received;
	told->write_seq = write_seq;
	read_count(tp, state, f->syn, &c);
	if (!told->announced) {
		read_tuple(tp, &f->ident);
		/* A connecting socket may not have its port yet: tell again. */
		told->announced = f->ident.lport && state != ST_SYN_SENT;
		flags = EV_HAS_IDENT;
	}
	if (want_extra)
		f->waiting = !is_whole || has_waiting(tp);
	if (is_whole)
		flags = EV_HAS_IDENT | EV_HAS_EXTRA;
	put(ctl, f, tp, by_list, state, &c, EV_SAMPLE, flags);
	return true;
}
