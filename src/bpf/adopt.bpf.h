/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Adopting sockets that are older than us, and telling user space of them. */
#pragma once
#include "bpf/flow.bpf.h"
#include "bpf/mptcp.bpf.h"
#include "bpf/request.bpf.h"
#include "bpf/slots.bpf.h"

/* Adopt a socket that an iterator met, and tell user space of it as it is now: its baseline. */
static __always_inline struct flow *adopt(struct sock *sk, struct seq_file *seq)
{
	struct snap_control *ctl = control_get();
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct ev_count c;
	struct told *told;
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
		put_listener(ctl, f, tp, false, EV_BASELINE);
		yield_if_full(ctl, seq);
	}
	if (!f || state == ST_LISTEN)
		return 0;
	mptcp_take_owner(f, tp, OWNER_CONNECT);
	read_count(tp, state, f->syn, &c);
	told = told_of(f);
	told->received = tp->bytes_received;
	told->write_seq = tp->write_seq;
	put(ctl, f, tp, false, state, &c, EV_OPEN,
	    EV_HAS_IDENT | EV_BASELINE | (want_extra ? EV_HAS_EXTRA : 0));
	/* It may have closed while we adopted it, and on_change() found it half-made. */
	mark(f, MARK_ADOPTED);
	if ((f->marks & MARK_CLOSING || SK(tp)->__sk_common.skc_state == ST_CLOSE) &&
	    !mark(f, MARK_ENDED)) {
		f->phase = PHASE_CLOSED;
		hide_flow(f);
		put(ctl, f, tp, false, state, &c, EV_CLOSE,
		    EV_HAS_IDENT | (want_extra ? EV_HAS_EXTRA : 0));
		unlist_flow(f);
		ACCOUNT_ADD(closed, 1);
		if (is_undecided(f->marks))
			ACCOUNT_ADD(handshakes_lost, 1);
	}
	yield_if_full(ctl, seq);
	return f;
}
