// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Resets that this machine sends: an edge, so an event each. Loaded only if a counter asks for it.
 * The tracepoint fires in two places: tcp_send_active_reset(), for a socket, and
 * tcp_v4_send_reset()/tcp_v6_send_response(), in answer to a packet that perhaps no socket wanted.
 */
#include "bpf/ring.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define ETH_P_IP_BE bpf_htons(0x0800)
#define IPV6_HEADER 40
#define IPV6_NEXT_HEADER 6
#define IPV6_SOURCE 8
#define IPV6_DESTINATION 24
#define IPV4_SOURCE 12
#define IPV4_DESTINATION 16

/* The packet came in: its destination is our side. */
static __always_inline void read_packet(struct sk_buff *skb, struct ev_ident *id)
{
	void *head = BPF_CORE_READ(skb, head), *network = head + BPF_CORE_READ(skb, network_header);
	void *transport = head + BPF_CORE_READ(skb, transport_header);
	__be16 port;

	if (BPF_CORE_READ(skb, protocol) == ETH_P_IP_BE) {
		__u32 v4;

		id->family = 4;
		bpf_probe_read_kernel(&v4, 4, network + IPV4_DESTINATION);
		addr_set_v4(&id->laddr, v4);
		bpf_probe_read_kernel(&v4, 4, network + IPV4_SOURCE);
		addr_set_v4(&id->raddr, v4);
	} else {
		id->family = 6;
		bpf_probe_read_kernel(&id->laddr, 16, network + IPV6_DESTINATION);
		bpf_probe_read_kernel(&id->raddr, 16, network + IPV6_SOURCE);
	}
	bpf_probe_read_kernel(&port, 2, transport + 2);
	id->lport = bpf_ntohs(port);
	bpf_probe_read_kernel(&port, 2, transport);
	id->rport = bpf_ntohs(port);
	id->netns = BPF_CORE_READ(skb, dev, nd_net.net, ns.inum);
}

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
		read_packet(skb, &e->ident);
		if (sk)
			e->ident.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	}
	bpf_ringbuf_submit(e, wake_flags());
	return 0;
}
