/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How a socket whose beginning was not seen becomes a flow. */
#pragma once
#include "bpf/causes.bpf.h"
#include "bpf/list.bpf.h"
#include "bpf/sock.bpf.h"

/*
 * Give a socket that is older than us its storage. Returns it if it is a flow that was not known
 * before, else NULL.
 */
static __always_inline struct flow *adopt_sock(struct tcp_sock *tp, __u8 state)
{
	struct sock *sk = SK(tp);
	struct flow *f;

	f = storage_make(&flows, sk);
	if (!f) {
		if (!frozen() && state != ST_LISTEN) {
			ACCOUNT_ADD(adopted, 1);
			ACCOUNT_ADD(lost_memory, 1);
		}
		return 0;
	}
	if (f->phase != PHASE_NONE || mark(f, MARK_ADOPTED))
		return 0;
	read_place(tp, &f->ident);
	read_tuple(tp, &f->ident);
	f->ident.seen = SEEN_ADOPTED;
	if (state == ST_LISTEN) {
		f->ident.role = ROLE_LISTEN;
		f->phase = PHASE_LISTEN;
		list_listener(f, tp);
		return f;
	}
	/* Its handshake was over before us. */
	if (state != ST_SYN_SENT && state != ST_SYN_RECV)
		mark(f, MARK_GREETED);
	if (!want_flows && f->marks & MARK_GREETED) {
		f->phase = PHASE_CLOSED;
		return 0;
	}
	f->id = bpf_get_socket_cookie(sk);
	f->syn = state == ST_SYN_SENT || syn_was_counted(tp, state);
	f->ident.role = f->syn ? ROLE_CONNECT : ROLE_ACCEPT;
	f->ident.open_ns = bpf_ktime_get_ns();
	f->ident.established_ns = state == ST_SYN_SENT ? 0 : f->ident.open_ns;
	f->late = frozen();
	/* Before it is live: from then on it may end. */
	list_flow(f, tp);
	causes_adopt(f, tp);
	f->phase = PHASE_LIVE;
	if (!f->late) {
		ACCOUNT_ADD(adopted, 1);
		if (is_undecided(f->marks))
			ACCOUNT_ADD(handshakes_adopted, 1);
	}
	return f;
}
