// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Resets that this machine sends: an edge, so an event each. Loaded only if a counter asks for it.
 * The tracepoint fires in two places: tcp_send_active_reset(), for a socket, and
 * tcp_v4_send_reset()/tcp_v6_send_response(), in answer to a packet that perhaps no socket wanted.
 */
#include "bpf/packet.bpf.h"
#include "bpf/ring.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("?tp_btf/tcp_send_reset")
int BPF_PROG(on_reset, struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = sk ? bpf_skc_to_tcp_sock(sk) : 0;
	__u8 state = tp ? SK(tp)->__sk_common.skc_state : ST_CLOSE;
	struct flow *f = 0;
	struct event *e;

	e = bpf_ringbuf_reserve(&ring, EV_SIZE_IDENT, 0);
	if (!e) {
		ACCOUNT_ADD(lost_edges, 1);
		return 0;
	}
	__builtin_memset(e, 0, EV_SIZE_IDENT);
	e->head.kind = EV_RESET;
	e->head.flags = EV_HAS_IDENT;
	e->head.state = state;
	e->time_ns = bpf_ktime_get_ns();
	if (tp && state != ST_LISTEN)
		f = bpf_sk_storage_get(&flows, SK(tp), 0, 0);
	if (f) {
		e->head.id = f->id;
		__builtin_memcpy(&e->ident, &f->ident, sizeof(e->ident));
	}
	if (tp && state != ST_LISTEN) {
		read_tuple(tp, &e->ident);
		read_place(tp, &e->ident);
	} else if (skb) {
		packet_read(skb, &e->ident);
		if (sk)
			e->ident.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	}
	bpf_ringbuf_submit(e, wake_flags());
	return 0;
}
