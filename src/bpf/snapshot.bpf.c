// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The volume of live flows, read once per interval. The iterators write events into an mmapped
 * array, which costs user space no copy. When the array is nearly full the program prints one byte,
 * which ends user space's read(); it empties the array and reads on from the same socket.
 */
#include "bpf/acceptor.bpf.h"
#include "bpf/adopt.bpf.h"
#include "bpf/mptcp.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * A socket that has storage of ours is one of TCP. bpf_skc_to_tcp_sock() looks whether it is, in a cache
 * line that nothing else here reads, and what it returns depends on that: the processor would wait for
 * the first lines of each socket before it asks memory for the others. Good to read from, no more:
 * helpers do not take it.
 */
static __always_inline struct tcp_sock *known_tcp_sock(struct sock *sk)
{
	if (bpf_core_enum_value_exists(enum special_kfunc_type, KF_bpf_rdonly_cast))
		return bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct tcp_sock));
	return bpf_skc_to_tcp_sock(sk);
}

/*
 * Is all of this flow to be read? Where many move, and whoever asks can do with less, each is in its turn.
 * The lowest bits of cookies are as good as random.
 */
static __always_inline bool reads_whole(const struct snap_control *ctl, const struct flow *f)
{
	if (!want_extra || ctl->plain)
		return false;
	return !ctl->turns || ctl->all || !f->announced || f->id == ctl->watched ||
	       (__u32)f->id % ctl->turns == ctl->turn;
}

/* What an application has written or was sent, and what is not there yet, can come to be stuck. */
static __always_inline bool has_waiting(struct tcp_sock *tp)
{
	return tp->write_seq != tp->snd_una || tp->rcv_nxt != tp->copied_seq;
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
	bool is_same, is_whole;
	__u32 write_seq;
	__u64 received;

	if (!sk || !f)
		return 0;
	if (f->phase != PHASE_LIVE && !(want_extra && f->phase == PHASE_LISTEN))
		return 0;
	ctl = control_get();
	tp = known_tcp_sock(sk);
	if (!ctl || !tp)
		return 0;
	state = sk->__sk_common.skc_state;
	if (want_extra && f->phase == PHASE_LISTEN) {
		tp = bpf_skc_to_tcp_sock(sk);
		if (tp && state == ST_LISTEN && !ctl->plain)
			put_listener(ctl, f, tp, 0);
		yield_if_full(ctl, ctx->meta->seq);
		return 0;
	}
	/* A flow that ends while we count is counted by its end, see on_close(). */
	if (ctl->frozen && (f->late || __sync_lock_test_and_set(&f->counted, 1)))
		return 0;
	/* Its connect() is about to begin; or its end was shown to nobody: then it is no live flow. */
	if (state == ST_CLOSE) {
		ctl->live += ctl->frozen;
		return 0;
	}
	ctl->live++;
	take_acceptor(f, tp);
	mptcp_take_owner(f, tp, OWNER_CONNECT);
	/* What the application wrote moves write_seq alone: acknowledgements change no count. */
	received = tp->bytes_received;
	write_seq = tp->write_seq;
	is_same = f->announced && !ctl->all && received == f->sampled_received &&
		  write_seq == f->sampled_write_seq;
	if (is_same && want_extra && ctl->each && !f->waiting) {
		put_same(ctl, f, state);
		yield_if_full(ctl, ctx->meta->seq);
		return 0;
	}
	if (is_same && !(want_extra && (ctl->stalls || ctl->each) && f->waiting))
		return 0;
	ctl->moved += !ctl->all;
	is_whole = reads_whole(ctl, f);
	if (is_same && !is_whole)
		return 0;
	if (is_whole)
		tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return 0;
	f->sampled_received = received;
	f->sampled_write_seq = write_seq;
	read_count(tp, state, f->syn, &c);
	if (!f->announced) {
		read_tuple(tp, &f->ident);
		/* A connecting socket may not have its port yet: tell again. */
		f->announced = f->ident.lport && state != ST_SYN_SENT;
		flags = EV_HAS_IDENT;
	}
	if (want_extra)
		f->waiting = !is_whole || has_waiting(tp);
	if (is_whole)
		flags = EV_HAS_IDENT | EV_HAS_EXTRA;
	put(ctl, f, tp, state, &c, EV_SAMPLE, flags);
	yield_if_full(ctl, ctx->meta->seq);
	return 0;
}

/* All TCP sockets of one network namespace: also those that no process holds a file of. */
SEC("iter/tcp")
int adopt_netns(struct bpf_iter__tcp *ctx)
{
	struct sock_common *skc = ctx->sk_common;

	if (skc)
		adopt((struct sock *)skc, ctx->meta->seq);
	return 0;
}
