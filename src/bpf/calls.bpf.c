// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What only a hook on the way of each call, packet or timer can count. None of these programs is
 * loaded unless a counter asks for it, so none has a price otherwise.
 */
#include "bpf/sock.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define MSG_PEEK 2

static __always_inline struct tally *tally_of(struct sock *sk)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	return tp ? storage_make(&tallies, SK(tp)) : 0;
}

SEC("?tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock *sk, int ret, int flags)
{
	struct tally *t = ret > 0 ? tally_of(sk) : 0;

	if (t)
		__sync_fetch_and_add(&t->write_calls, 1);
	return 0;
}

SEC("?tp_btf/sock_recv_length")
int BPF_PROG(on_receive, struct sock *sk, int ret, int flags)
{
	struct tally *t = ret > 0 && !(flags & MSG_PEEK) ? tally_of(sk) : 0;

	if (t)
		__sync_fetch_and_add(&t->read_calls, 1);
	return 0;
}

/* The same before Linux 6.3, where the two tracepoints came: at the functions' exits. */
SEC("?fexit/tcp_sendmsg")
int BPF_PROG(on_send_exit, struct sock *sk, void *message, unsigned long size, int ret)
{
	struct tally *t = ret > 0 ? tally_of(sk) : 0;

	if (t)
		__sync_fetch_and_add(&t->write_calls, 1);
	return 0;
}

/* What is returned stands after the last argument, of which kernels have four or five. */
SEC("?fexit/tcp_recvmsg")
int BPF_PROG(on_receive_exit, struct sock *sk, void *message, unsigned long size, int flags)
{
	struct tally *t;
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	t = (int)ret > 0 && !(flags & MSG_PEEK) ? tally_of(sk) : 0;
	if (t)
		__sync_fetch_and_add(&t->read_calls, 1);
	return 0;
}

static __always_inline struct tally *tally_of_packet(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	sk = sk ? bpf_sk_fullsock(sk) : 0;
	if (!sk || sk->protocol != IPPROTO_TCP)
		return 0;
	return storage_make(&tallies, sk);
}

/* Both let every packet pass. */
SEC("?cgroup_skb/ingress")
int on_packet_in(struct __sk_buff *skb)
{
	struct tally *t = tally_of_packet(skb);

	if (t)
		__sync_fetch_and_add(&t->in_packets, 1);
	return 1;
}

SEC("?cgroup_skb/egress")
int on_packet_out(struct __sk_buff *skb)
{
	struct tally *t = tally_of_packet(skb);

	if (t)
		__sync_fetch_and_add(&t->out_packets, 1);
	return 1;
}

/* The address of tcp_delack_timer(), which user space looks up. */
const volatile __u64 delack_timer = 0;

struct delack_run {
	__u64 tp;	/* 0: the timer that runs is another one */
	__u32 segs_out;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct delack_run);
} delack_running SEC(".maps");

/* The socket may be gone by then: a read that fails gives 0. */
static __always_inline __u32 segs_out_of(__u64 tp)
{
	return BPF_CORE_READ((struct tcp_sock *)tp, segs_out);
}

/* Until the timer has the socket's lock another CPU may end it: then what was sent is a RST. */
static __always_inline bool has_ended(__u64 tp)
{
	return BPF_CORE_READ((struct sock *)tp, __sk_common.skc_state) == ST_CLOSE;
}

/* Timers run in softirq, one after the other on a CPU: what one began, the next event ends. */
SEC("?tp_btf/timer_expire_entry")
int BPF_PROG(on_timer_begin, struct timer_list *timer)
{
	__u32 zero = 0, offset;
	struct delack_run *run;

	if ((__u64)timer->function != delack_timer)
		return 0;
	run = bpf_map_lookup_elem(&delack_running, &zero);
	if (!run)
		return 0;
	offset = bpf_core_field_offset(struct inet_connection_sock, icsk_delack_timer);
	run->tp = (__u64)timer - offset;
	run->segs_out = segs_out_of(run->tp);
	return 0;
}

SEC("?tp_btf/timer_expire_exit")
int BPF_PROG(on_timer_end, struct timer_list *timer)
{
	struct delack_run *run;
	__u64 one = 1, *count;
	__u32 zero = 0;

	run = bpf_map_lookup_elem(&delack_running, &zero);
	if (!run || !run->tp)
		return 0;
	if (segs_out_of(run->tp) != run->segs_out && !has_ended(run->tp)) {
		count = bpf_map_lookup_elem(&delayed_acks, &run->tp);
		if (count)
			__sync_fetch_and_add(count, 1);
		else
			bpf_map_update_elem(&delayed_acks, &run->tp, &one, BPF_NOEXIST);
	}
	run->tp = 0;
	return 0;
}
