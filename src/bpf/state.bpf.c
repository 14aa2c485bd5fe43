// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The edges of a flow's life, all from one tracepoint: inet_sock_set_state fires for every state
 * change of every TCP socket, and nowhere on the send or receive path.
 *
 *	CLOSE -> SYN_SENT	connect(): in the context of its caller, who becomes the owner
 *	CLOSE -> LISTEN		listen(): likewise; children inherit
 *	LISTEN -> SYN_RECV	a child was cloned from the listener (softirq)
 *	any -> ESTABLISHED	the handshake is over
 *	any -> FIN_WAIT1, CLOSE_WAIT -> LAST_ACK
 *				close() or shutdown(): only ever in process context
 *	any -> CLOSE		the end: one record with everything, then the storage is spent
 */
#include "bpf/acceptor.bpf.h"
#include "bpf/cookie.bpf.h"
#include "bpf/end.bpf.h"
#include "bpf/extra.bpf.h"
#include "bpf/flow.bpf.h"
#include "bpf/list.bpf.h"
#include "bpf/mptcp.bpf.h"
#include "bpf/request.bpf.h"
#include "bpf/ring.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline void begin(struct flow *f, struct tcp_sock *tp, __u8 role)
{
	if (f->phase == PHASE_CLOSED) {
		f->reused++;
		causes_forget(tp);
	}
	f->id = bpf_get_socket_cookie(SK(tp)) | (__u64)f->reused << EV_ID_COOKIE_BITS;
	f->phase = PHASE_LIVE;
	f->late = frozen();
	f->owner_scan = 0;
	f->held_scan = 0;
	f->syn = role == ROLE_CONNECT;
	f->synack_retrans = 0;
	f->reset_came = 0;
	f->soft_error = f->icmp_type = f->icmp_code = f->redirected = f->waiting = 0;
	f->ident.role = role;
	f->ident.seen = SEEN_OPEN;
	f->ident.open_ns = bpf_ktime_get_ns();
	f->ident.established_ns = 0;
	f->ident.handshake_us = 0;
	__sync_fetch_and_and(&f->marks, MARK_ADOPTED);
	list_flow(f, tp);
	if (f->late)
		return;
	ACCOUNT_ADD(opened, 1);
	if (tells_handshakes_beside())
		ACCOUNT_ADD(handshakes_opened, 1);
}

static __always_inline struct flow *create(struct tcp_sock *tp)
{
	struct flow *f = storage_make(&flows, SK(tp));

	if (!f && !frozen()) {
		ACCOUNT_ADD(opened, 1);
		ACCOUNT_ADD(lost_memory, 1);
	}
	return f;
}

static __always_inline void on_connect(struct tcp_sock *tp)
{
	struct flow *f = create(tp);

	/* Alive already: both programs saw this change, see on_state_nested(). */
	if (!f || f->phase == PHASE_LIVE)
		return;
	begin(f, tp, ROLE_CONNECT);
	read_place(tp, &f->ident);
	f->ident.owner_source = OWNER_NONE;
	set_owner_current(&f->ident, OWNER_CONNECT);
	mptcp_take_owner(f, tp, OWNER_CONNECT);
}

static __always_inline void on_listen(struct tcp_sock *tp)
{
	struct flow *f = storage_make(&flows, SK(tp));

	if (!f)
		return;
	/* If it was connected once, and that end was shown to nobody. */
	unlist_flow(f);
	f->phase = PHASE_LISTEN;
	f->ident.role = ROLE_LISTEN;
	read_place(tp, &f->ident);
	set_owner_current(&f->ident, OWNER_LISTEN);
	list_listener(f, tp);
	note_listener(tp);
}

static __always_inline void on_child(struct tcp_sock *tp)
{
	struct flow *f = create(tp);

	if (!f || f->phase == PHASE_LIVE)
		return;
	/* A listener that is older than us and was never adopted leaves nothing to inherit. */
	if (f->phase != PHASE_LISTEN)
		f->ident.owner_source = OWNER_NONE;
	else if (f->ident.owner_source != OWNER_NONE)
		f->ident.owner_source = OWNER_LISTEN;
	read_place(tp, &f->ident);
	f->after_cookies = may_be_after_cookies(tp);
	begin(f, tp, ROLE_ACCEPT);
}

/*
 * A flow without storage: the kernel skipped us where one state change interrupted another, or the
 * socket is older than us and no process held it (in the backlog of a listener, say).
 */
static __always_inline struct flow *recover(struct tcp_sock *tp, int old, int new)
{
	struct flow *f;

	if (new != ST_ESTABLISHED)
		return old == ST_CLOSE || old == ST_LISTEN ? 0 : adopt_sock(tp, old);
	f = create(tp);
	/* An iterator may have met the socket just now. */
	if (!f || mark(f, MARK_ADOPTED))
		return f;
	f->ident.owner_source = OWNER_NONE;
	read_place(tp, &f->ident);
	begin(f, tp, old == ST_SYN_SENT ? ROLE_CONNECT : ROLE_ACCEPT);
	return f;
}

static __always_inline void fill_handshake(struct event *e, struct flow *f, struct tcp_sock *tp)
{
	__builtin_memset(&e->handshake, 0, sizeof(e->handshake));
	e->handshake.icmp_type = f->icmp_type;
	e->handshake.icmp_code = f->icmp_code;
	if (f->ident.seen == SEEN_OPEN)
		e->handshake.first_ns = f->ident.open_ns;
	if (f->ident.role != ROLE_ACCEPT) {
		e->handshake.dup_syn = tp->total_retrans;
		return;
	}
	e->handshake.dup_syn_ack = tp->total_retrans;
	/* Without a noted request: as long ago as SYN/ACK and ACK took, if that was measured. */
	if (e->handshake.first_ns)
		e->handshake.first_ns = f->ident.handshake_us
						? e->time_ns - f->ident.handshake_us * 1000ull
						: 0;
	take_request(&f->ident, &e->handshake);
}

/* The parts that every record of an end has. */
static __always_inline void fill_end(struct event *e, struct flow *f, struct tcp_sock *tp, __u8 kind,
				     __u8 state)
{
	bool soft;

	e->head.id = f->id;
	e->head.kind = kind;
	e->head.state = state;
	e->head.flags = EV_HAS_IDENT;
	e->head.error = end_error(f, tp, state, &soft);
	if (soft)
		e->head.flags |= EV_SOFT_ERROR;
	e->head.end_reason = kind == EV_CLOSE ? end_reason(state, e->head.error) : END_NONE;
	read_count(tp, state, f->syn, &e->count);
	e->time_ns = bpf_ktime_get_ns();
	read_tuple(tp, &f->ident);
	__builtin_memcpy(&e->ident, &f->ident, sizeof(e->ident));
}

static __always_inline void fill_handshake_end(struct event *e, struct flow *f, struct tcp_sock *tp)
{
	e->head.flags |= EV_HAS_HANDSHAKE;
	if (f->reset_came)
		e->head.flags |= EV_RESET_CAME;
	if (!tp->segs_out)
		e->head.flags |= EV_UNSENT;
	fill_handshake(e, f, tp);
}

/* What the record of a flow's end holds besides its counters. */
#define END_SIZE (!want_flows ? EV_SIZE_HANDSHAKE : want_extra ? EV_SIZE_EXTRA : EV_SIZE_IDENT)

static __always_inline void submit_end(struct flow *f, struct tcp_sock *tp, __u8 kind, __u8 state)
{
	struct event *e;

	if (frozen()) {
		/* Either we or the counting snapshot count it, whoever comes first. */
		if (!f->late && !mark_counted(f)) {
			ACCOUNT_ADD(ended_late, 1);
			if (is_undecided(f->marks))
				ACCOUNT_ADD(handshakes_late, 1);
		}
		return;
	}
	e = bpf_ringbuf_reserve(&ring, END_SIZE, 0);
	if (!e) {
		struct ev_count last;

		read_count(tp, state, f->syn, &last);
		ACCOUNT_ADD(lost_ring, 1);
		ACCOUNT_ADD(lost_tx_bytes, last.tx_bytes);
		ACCOUNT_ADD(lost_rx_bytes, last.rx_bytes);
		return;
	}
	fill_end(e, f, tp, kind, state);
	if (want_flows && want_extra) {
		e->head.flags |= EV_HAS_EXTRA;
		read_extra(f, tp, state, true, false, &e->count, &e->extra);
		forget_delayed_acks(tp);
	}
	if (!want_flows)
		fill_handshake_end(e, f, tp);
	bpf_ringbuf_submit(e, wake_flags());
	ACCOUNT_ADD(closed, 1);
}

/* Tell the end of a flow, or, where flows are not wanted, of its handshake: the last that is told
 * of it. */
static __always_inline void tell_end(struct flow *f, struct tcp_sock *tp, __u8 kind, __u8 state)
{
	f->phase = PHASE_CLOSED;
	hide_flow(f);
	submit_end(f, tp, kind, state);
	unlist_flow(f);
}

/* Tell how the handshake of a flow went, which goes on, or whose own end is told besides. */
static __always_inline void tell_handshake(struct flow *f, struct tcp_sock *tp, __u8 kind, __u8 state)
{
	struct event *e;

	if (f->late || frozen() || mark(f, MARK_GREETED))
		return;
	e = bpf_ringbuf_reserve(&ring, EV_SIZE_HANDSHAKE, 0);
	if (!e) {
		ACCOUNT_ADD(handshakes_lost, 1);
		return;
	}
	fill_end(e, f, tp, kind, state);
	fill_handshake_end(e, f, tp);
	bpf_ringbuf_submit(e, wake_flags());
	ACCOUNT_ADD(handshakes_closed, 1);
}

static __always_inline void on_close(struct flow *f, struct tcp_sock *tp, __u8 old)
{
	struct sock *sk = SK(tp);

	if (mark(f, MARK_ENDED))
		return;
	/* Ended by close() itself, so its caller is running: unread data, SO_LINGER 0, no FIN yet. */
	if (!sk->sk_err && sk->sk_shutdown == SHUTDOWN_BOTH &&
	    (old == ST_ESTABLISHED || old == ST_CLOSE_WAIT || old == ST_SYN_SENT))
		set_owner_current(&f->ident, OWNER_CLOSE);
	if (tells_handshakes_beside())
		tell_handshake(f, tp, EV_CLOSE, old);
	tell_end(f, tp, EV_CLOSE, old);
}

static __always_inline void on_established(struct flow *f, struct tcp_sock *tp)
{
	__u64 now_ns = bpf_ktime_get_ns();

	f->ident.established_ns = now_ns;
	list_cookie(f, tp);
	read_tuple(tp, &f->ident);
	f->ident.handshake_us = f->ident.role == ROLE_CONNECT
					? (now_ns - f->ident.open_ns) / 1000
					: synack_rtt_us(f, tp);
	if (f->ident.role == ROLE_ACCEPT)
		f->synack_retrans = tp->total_retrans;
	if (tells_handshakes_beside())
		tell_handshake(f, tp, EV_OPEN, ST_ESTABLISHED);
	else if (want_handshakes && !mark(f, MARK_ENDED))
		tell_end(f, tp, EV_OPEN, ST_ESTABLISHED);
}

/* The last word of a listener; it was never counted as a flow. */
static __always_inline void submit_listener_close(struct flow *f, struct tcp_sock *tp)
{
	struct event *e;

	e = bpf_ringbuf_reserve(&ring, EV_SIZE_EXTRA, 0);
	if (!e)
		return;
	__builtin_memset(e, 0, EV_SIZE_COUNT);
	e->head.id = bpf_get_socket_cookie(SK(tp));
	e->head.kind = EV_CLOSE;
	e->head.state = ST_LISTEN;
	e->head.flags = EV_HAS_IDENT | EV_HAS_EXTRA;
	e->time_ns = bpf_ktime_get_ns();
	read_tuple(tp, &f->ident);
	__builtin_memcpy(&e->ident, &f->ident, sizeof(e->ident));
	read_extra(f, tp, ST_LISTEN, true, false, &e->count, &e->extra);
	bpf_ringbuf_submit(e, wake_flags());
}

static __always_inline void on_listener_close(struct flow *f, struct tcp_sock *tp)
{
	f->phase = PHASE_CLOSED;
	hide_flow(f);
	submit_listener_close(f, tp);
	unlist_flow(f);
}

static __always_inline void on_change(struct sock *sk, int old, int new)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct flow *f;

	if (!tp) {
		mptcp_change(sk, old, new);
		return;
	}
	if (new == ST_SYN_SENT) {
		on_connect(tp);
		return;
	}
	if (new == ST_LISTEN) {
		on_listen(tp);
		return;
	}
	if (old == ST_LISTEN && new == ST_SYN_RECV) {
		on_child(tp);
		return;
	}
	f = bpf_sk_storage_get(&flows, SK(tp), 0, 0);
	if ((want_extra || want_handshakes) && f && old == ST_LISTEN && f->phase == PHASE_LISTEN) {
		on_listener_close(f, tp);
		return;
	}
	if (!f || f->phase == PHASE_NONE) {
		f = recover(tp, old, new);
		/* Somebody else is adopting it: it must learn below that it closes. */
		if (!f)
			f = bpf_sk_storage_get(&flows, SK(tp), 0, 0);
	}
	/* Before the look at phase: adopt() looks at this after it has set phase. */
	if (f && new == ST_CLOSE)
		mark(f, MARK_CLOSING);
	if (!f || f->phase != PHASE_LIVE)
		return;
	take_acceptor(f, tp);
	if (want_extra && new != ST_CLOSE)
		note_redirection(f, sk);
	if (new == ST_ESTABLISHED) {
		mptcp_inherit(f, tp);
		on_established(f, tp);
	} else if (new == ST_FIN_WAIT1 || new == ST_LAST_ACK) {
		set_owner_current(&f->ident, OWNER_CLOSE);
	} else if (new == ST_CLOSE) {
		mptcp_take_owner(f, tp, OWNER_CLOSE);
		on_close(f, tp, old);
	}
}

#define CHANGE(old, new) ((__u32)(old) << 8 | (__u32)(new))

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int old, int new)
{
	struct bpf_account *a = account_get();

	if (!a)
		return 0;
	a->handled_sock = (__u64)sk;
	a->handled_change = CHANGE(old, new);
	barrier();
	on_change(sk, old, new);
	return 0;
}

/*
 * The kernel does not run a program that it interrupts: connect() changes the state in process
 * context, and a packet that arrives in the middle of on_state() would change another socket's
 * without our seeing it. This second program is asked next, and takes every change that the first
 * was not the last to begin with on this CPU. That may be one too many (another came between the
 * two programs, or the task moved to another CPU), so what they do is safe to do twice.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state_nested, struct sock *sk, int old, int new)
{
	struct bpf_account *a = account_get();

	if (!a || (a->handled_sock == (__u64)sk && a->handled_change == CHANGE(old, new)))
		return 0;
	__sync_fetch_and_add(&a->nested, 1);
	on_change(sk, old, new);
	return 0;
}
