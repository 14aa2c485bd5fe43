/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A packet that came in: its destination is our side. */
#pragma once
#include "bpf/sock.bpf.h"

#define ETH_P_IP_BE bpf_htons(0x0800)
#define ETH_P_IPV6_BE bpf_htons(0x86dd)
#define IPV6_SOURCE 8
#define IPV6_DESTINATION 24
#define IPV4_SOURCE 12
#define IPV4_DESTINATION 16

static __always_inline bool packet_is_ip(struct sk_buff *skb)
{
	__be16 protocol = BPF_CORE_READ(skb, protocol);

	return protocol == ETH_P_IP_BE || protocol == ETH_P_IPV6_BE;
}

static __always_inline void *packet_transport(struct sk_buff *skb)
{
	return BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, transport_header);
}

/* Was its IP header taken off? A filter drops it before, a listener after (ip_local_deliver()). */
static __always_inline bool packet_reached_tcp(struct sk_buff *skb)
{
	return BPF_CORE_READ(skb, data) == packet_transport(skb);
}

/* Its addresses, ports and network namespace; nothing else of `id` is touched. */
static __always_inline void packet_read(struct sk_buff *skb, struct ev_ident *id)
{
	void *network = BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header);
	void *transport = packet_transport(skb);
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
