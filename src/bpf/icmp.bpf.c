// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * ICMP errors that a connecting socket is told of. An error that comes while connect() holds the
 * socket leaves nothing but a note, which goes to the client that asks for it. But it is put into the
 * socket's queue of errors first, and whoever waits is told: there it can be read.
 */
#include "bpf/sock.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* ee_origin (include/uapi/linux/errqueue.h). */
#define ORIGIN_ICMP 2
#define ORIGIN_ICMP6 3

/* Fires for each error, and for each entry of the queue: of a connected socket, say a time stamp. */
SEC("?tp_btf/inet_sk_error_report")
int BPF_PROG(on_error, struct sock *sk)
{
	struct sock_extended_err ee = {};
	struct sock_exterr_skb *entry;
	struct tcp_sock *tp;
	struct flow *f;

	if (sk->__sk_common.skc_state != ST_SYN_SENT || !sk->sk_error_queue.qlen)
		return 0;
	tp = bpf_skc_to_tcp_sock(sk);
	f = tp ? bpf_sk_storage_get(&flows, SK(tp), 0, 0) : 0;
	if (!f)
		return 0;
	entry = (void *)&sk->sk_error_queue.prev->cb;
	BPF_CORE_READ_INTO(&ee.ee_errno, entry, ee.ee_errno);
	BPF_CORE_READ_INTO(&ee.ee_origin, entry, ee.ee_origin);
	BPF_CORE_READ_INTO(&ee.ee_type, entry, ee.ee_type);
	BPF_CORE_READ_INTO(&ee.ee_code, entry, ee.ee_code);
	if (ee.ee_origin != ORIGIN_ICMP && ee.ee_origin != ORIGIN_ICMP6)
		return 0;
	f->soft_error = ee.ee_errno;
	f->icmp_type = ee.ee_type;
	f->icmp_code = ee.ee_code;
	return 0;
}
