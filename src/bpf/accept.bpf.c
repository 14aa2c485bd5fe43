// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * accept() returns a connection: whoever called it is its owner, at once and for certain. Runs once
 * a connection, not on the data path, and only where the kernel allows programs at the exit of a
 * function; without it the owner is found by the next scan of open files, or when the flow closes.
 *
 * The function's arguments differ between kernels. User space asks BTF which of the two fits.
 */
#include "bpf/sock.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline void note_accept(struct sock *child)
{
	struct flow *f;

	if (!child || !bpf_skc_to_tcp_sock(child))
		return;
	f = bpf_sk_storage_get(&flows, child, 0, 0);
	if (!f || f->phase != PHASE_LIVE)
		return;
	set_owner_current(&f->ident, OWNER_ACCEPT);
	f->announced = 0;
}

SEC("?fexit/inet_csk_accept")
int BPF_PROG(on_accept_2, struct sock *listener, void *arg, struct sock *child)
{
	note_accept(child);
	return 0;
}

SEC("?fexit/inet_csk_accept")
int BPF_PROG(on_accept_4, struct sock *listener, int flags, int *error, bool kern,
	     struct sock *child)
{
	note_accept(child);
	return 0;
}
