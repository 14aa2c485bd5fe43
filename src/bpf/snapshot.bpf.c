// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The volume of live flows, read once per interval. The iterators write events into an mmapped
 * array, which costs user space no copy. When the array is nearly full the program prints one byte,
 * which ends user space's read(); it empties the array and reads on from the same socket.
 */
#include "bpf/sock.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

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
}

/* End user space's read() when the next event might not fit. */
static __always_inline void yield_if_full(struct snap_control *ctl, struct seq_file *seq)
{
	__u8 full = 1;

	if (ctl->used > SNAP_SLOTS - 2 * SNAP_SLOTS_MAX)
		bpf_seq_write(seq, &full, 1);
}

SEC("iter/bpf_sk_storage_map")
int sample(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct flow *f = ctx->value;
	struct sock *sk = ctx->sk;
	struct snap_control *ctl;
	struct tcp_sock *tp;
	struct ev_count c;
	__u8 state, flags = 0;

	if (!sk || !f || f->phase != PHASE_LIVE)
		return 0;
	ctl = control_get();
	tp = bpf_skc_to_tcp_sock(sk);
	if (!ctl || !tp)
		return 0;
	ctl->live++;
	state = sk->__sk_common.skc_state;
	/* The close record is already on its way and has the last word. */
	if (state == ST_CLOSE)
		return 0;
	read_count(tp, state, f->syn, &c);
	if (f->announced && !ctl->all && c.tx_bytes == f->sampled_tx_bytes &&
	    c.rx_bytes == f->sampled_rx_bytes)
		return 0;
	f->sampled_tx_bytes = c.tx_bytes;
	f->sampled_rx_bytes = c.rx_bytes;
	if (!f->announced) {
		read_tuple(tp, &f->ident);
		/* A connecting socket may not have its port yet: tell again. */
		f->announced = f->ident.lport && state != ST_SYN_SENT;
		flags = EV_HAS_IDENT;
	}
	put(ctl, f, tp, state, &c, EV_SAMPLE, flags);
	yield_if_full(ctl, ctx->meta->seq);
	return 0;
}

/* Give a socket that is older than us its storage; returns NULL if it has one or is no flow. */
static __always_inline struct flow *adopt(struct snap_control *ctl, struct tcp_sock *tp, __u8 state)
{
	struct sock *sk = SK(tp);
	struct flow *f = bpf_sk_storage_get(&flows, sk, 0, 0);
	struct bpf_account *a = account_get();

	if (f || state == ST_CLOSE || (ctl->listeners_only && state != ST_LISTEN))
		return 0;
	f = bpf_sk_storage_get(&flows, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!f || f->phase != PHASE_NONE)
		return 0;
	read_place(tp, &f->ident);
	read_tuple(tp, &f->ident);
	if (state == ST_LISTEN) {
		f->ident.role = ROLE_LISTEN;
		f->phase = PHASE_LISTEN;
		return 0;
	}
	f->id = bpf_get_socket_cookie(sk);
	f->syn = state == ST_SYN_SENT || syn_was_counted(tp, state);
	f->ident.role = f->syn ? ROLE_CONNECT : ROLE_ACCEPT;
	f->ident.seen = SEEN_ADOPTED;
	f->ident.open_ns = bpf_ktime_get_ns();
	f->ident.established_ns = state == ST_SYN_SENT ? 0 : f->ident.open_ns;
	f->phase = PHASE_LIVE;
	if (a)
		a->adopted++;
	return f;
}

static __always_inline void adopt_and_put(struct sock *sk, struct seq_file *seq)
{
	struct snap_control *ctl = control_get();
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct ev_count c;
	struct flow *f;
	__u8 state;

	if (!tp || !ctl)
		return;
	state = SK(tp)->__sk_common.skc_state;
	f = adopt(ctl, tp, state);
	if (!f)
		return;
	read_count(tp, state, f->syn, &c);
	f->sampled_tx_bytes = c.tx_bytes;
	f->sampled_rx_bytes = c.rx_bytes;
	put(ctl, f, tp, state, &c, EV_OPEN, EV_HAS_IDENT | EV_BASELINE);
	yield_if_full(ctl, seq);
}

/* All TCP sockets of one network namespace, those without a file included. */
SEC("iter/tcp")
int adopt_netns(struct bpf_iter__tcp *ctx)
{
	struct sock_common *skc = ctx->sk_common;

	if (skc)
		adopt_and_put((struct sock *)skc, ctx->meta->seq);
	return 0;
}

/* All TCP sockets of all network namespaces that a process holds open. */
SEC("iter/task_file")
int adopt_files(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	struct socket *socket;

	if (!file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (socket && socket->sk)
		adopt_and_put(socket->sk, ctx->meta->seq);
	return 0;
}
