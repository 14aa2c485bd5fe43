// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The volume of live flows, read once per interval. The iterators write events into an mmapped
 * array, which costs user space no copy. When the array is nearly full the program prints one byte,
 * which ends user space's read(); it empties the array and reads on from the same socket.
 */
#include "bpf/acceptor.bpf.h"
#include "bpf/adopt.bpf.h"
#include "bpf/list_look.bpf.h"
#include "bpf/look.bpf.h"
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

SEC("?iter/bpf_sk_storage_map")
int sample(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct flow *f = ctx->value;
	struct sock *sk = ctx->sk;
	struct snap_control *ctl;
	struct tcp_sock *tp;
	__u8 state;

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
			put_listener(ctl, f, tp, false, 0);
		yield_if_full(ctl, ctx->meta->seq);
		return 0;
	}
	/* A flow that ends while we count is counted by its end, see on_close(). */
	if (ctl->frozen) {
		if (f->late || mark(f, MARK_COUNTED))
			return 0;
		ctl->undecided += is_undecided(f->marks);
	}
	/* Its connect() is about to begin; or its end was shown to nobody: then it is no live flow. */
	if (state == ST_CLOSE) {
		ctl->live += ctl->frozen;
		return 0;
	}
	ctl->live++;
	list_late(ctl, f, tp);
	take_acceptor(f, tp);
	mptcp_take_owner(f, tp, OWNER_CONNECT);
	if (tell_flow(ctl, f, tp, sk, false, state, told_of(f)))
		yield_if_full(ctl, ctx->meta->seq);
	return 0;
}

/*
 * The same by our own list. The kernel calls this for one task, which is ours and of no interest: a
 * call does a part of the list, and says in control.next where to go on.
 */
SEC("?iter/task")
int sample_listed(struct bpf_iter__task *ctx)
{
	struct snap_control *ctl = control_get();
	__u32 first;

	if (!ctx->task || !ctl)
		return 0;
	first = ctl->next;
	ctl->next = first + LIST_PART;
	bpf_loop(LIST_PART, look_at_place, &first, 0);
	if (ctl->next >= ctl->places)
		ctl->next = 0;
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
