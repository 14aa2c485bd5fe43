// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The volume of live flows, read once per interval. The iterators write events into an mmapped
 * array, which costs user space no copy. When the array is nearly full the program prints one byte,
 * which ends user space's read(); it empties the array and reads on from the same socket.
 */
#include "bpf/acceptor.bpf.h"
#include "bpf/adopt.bpf.h"
#include "bpf/list.bpf.h"
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

SEC("iter/bpf_sk_storage_map")
int sample(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct flow *f = ctx->value;
	struct sock *sk = ctx->sk;
	struct snap_control *ctl;
	struct tcp_sock *tp;
	struct told *told;
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
	if (ctl->frozen && (f->late || mark(f, MARK_COUNTED)))
		return 0;
	/* Its connect() is about to begin; or its end was shown to nobody: then it is no live flow. */
	if (state == ST_CLOSE) {
		ctl->live += ctl->frozen;
		return 0;
	}
	ctl->live++;
	list_late(ctl, f, tp);
	take_acceptor(f, tp);
	mptcp_take_owner(f, tp, OWNER_CONNECT);
	/* What the application wrote moves write_seq alone: acknowledgements change no count. */
	received = tp->bytes_received;
	write_seq = tp->write_seq;
	told = told_of(f);
	is_same = told->announced && !ctl->all && received == told->received &&
		  write_seq == told->write_seq;
	if (is_same && want_extra && ctl->each && !f->waiting) {
		put_same(ctl, f, state);
		yield_if_full(ctl, ctx->meta->seq);
		return 0;
	}
	if (is_same && !(want_extra && (ctl->stalls || ctl->each) && f->waiting))
		return 0;
	ctl->moved += !ctl->all;
	is_whole = reads_whole(ctl, f, told);
	if (is_same && !is_whole)
		return 0;
	if (is_whole)
		tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return 0;
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
	put(ctl, f, tp, state, &c, EV_SAMPLE, flags);
	yield_if_full(ctl, ctx->meta->seq);
	return 0;
}

/*
 * The same by the list of flows (list.bpf.h), for whoever asks for bytes alone: it takes a fraction of
 * what sample() takes.
 *
 * What stands at a listed address is a socket, or was one: a socket whose end was shown to no program
 * stays listed. Reading from it does no harm (bpf_rdonly_cast(): what cannot be read is 0), but it
 * may be another socket by now, so nothing is told of one whose cookie is not that of the flow's.
 */

/* The iterator runs the program once for each of these, which says how much of the list it is. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} list_parts SEC(".maps");

static __always_inline bool is_socket_of(struct tcp_sock *tp, __u64 cookie)
{
	return !cookie || (__u64)SK(tp)->__sk_common.skc_cookie.counter == cookie;
}

/* As sample() does. `ident` is that of the flow's storage, which lives as long as its socket. */
static __always_inline __u8 read_news(struct listed *e, struct tcp_sock *tp, __u8 state,
				      struct ev_ident *ident)
{
	struct flow *f = (void *)e->flow;

	/* Before it is read: whoever changes it from now on says so. */
	if (state != ST_SYN_SENT)
		__sync_lock_test_and_set(&e->told.announced, 1);
	if (bpf_probe_read_kernel(ident, sizeof(*ident), &f->ident))
		return 0;
	read_tuple(tp, ident);
	/* A connecting socket may not have its port yet: tell again. */
	if (!ident->lport)
		e->told.announced = 0;
	return EV_HAS_IDENT;
}

static __always_inline void tell(struct snap_control *ctl, struct listed *e, struct tcp_sock *tp,
				 __u64 sk, __u8 state)
{
	__u64 received = tp->bytes_received;
	__u32 write_seq = tp->write_seq;
	struct ev_ident ident;
	struct ev_count c;
	__u8 flags = 0;

	read_count(tp, state, e->syn, &c);
	if (!e->told.announced)
		flags = read_news(e, tp, state, &ident);
	/* If it is still the flow's, and open, all that was read was. */
	if (*(volatile __u64 *)&e->sk != sk || !is_socket_of(tp, e->cookie) ||
	    *(volatile __u8 *)&SK(tp)->__sk_common.skc_state == ST_CLOSE)
		return;
	ctl->live++;
	ctl->moved++;
	e->told.received = received;
	e->told.write_seq = write_seq;
	if (put_count(ctl, e->id, state, &c, EV_SAMPLE, flags) && flags)
		put_ident(ctl, &ident);
}

static long sample_one(__u32 k, __u32 *first)
{
	struct snap_control *ctl = control_get();
	__u32 at = *first + k;
	struct listed *e = bpf_map_lookup_elem(&listed, &at);
	struct tcp_sock *tp;
	__u8 state;
	__u64 sk;

	if (!e || !ctl || at >= ctl->places)
		return 1;
	sk = *(volatile __u64 *)&e->sk;
	if (!sk)
		return 0;
	tp = bpf_rdonly_cast((void *)sk, bpf_core_type_id_kernel(struct tcp_sock));
	state = SK(tp)->__sk_common.skc_state;
	/* Its connect() is about to begin; or its end was shown to nobody. */
	if (state == ST_CLOSE)
		return 0;
	if (e->told.announced && tp->bytes_received == e->told.received &&
	    tp->write_seq == e->told.write_seq)
		ctl->live++;
	else
		tell(ctl, e, tp, sk, state);
	return 0;
}

SEC("?iter/bpf_map_elem")
int sample_listed(struct bpf_iter__bpf_map_elem *ctx)
{
	struct snap_control *ctl = control_get();
	__u32 *key = ctx->key;
	__u8 full = 1;
	__u32 first;

	if (!key || !ctl)
		return 0;
	first = *key * LIST_PART;
	if (first >= ctl->places)
		return 0;
	bpf_loop(LIST_PART, sample_one, &first, 0);
	if (ctl->used > SNAP_SLOTS - LIST_PART * LIST_SLOTS)
		bpf_seq_write(ctx->meta->seq, &full, 1);
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
