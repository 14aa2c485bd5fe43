// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * accept() returns a connection: whoever called it is its owner, at once and for certain. Runs once
 * a connection, not on the data path. One of three programs is loaded, or none; without any the
 * owner is found by the next scan of open files, or when the flow closes.
 *
 * fexit is given a socket, and writes into its storage. Its arguments differ between kernels: user
 * space asks BTF which of the two fits. A kretprobe is given a number, and leaves a note (struct
 * acceptor) for the programs that meet the socket next.
 */
#include <linux/ptrace.h>
#include "bpf/acceptor.bpf.h"

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
	told_of(f)->announced = 0;
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

/*
 * The kernel follows a limited number of calls at once, ten on a small machine: of more processes
 * that wait in accept() the others are not seen here.
 */
SEC("?kretprobe/inet_csk_accept")
int BPF_KRETPROBE(on_accept_probe, struct sock *child)
{
	struct acceptor who = {.pid = bpf_get_current_pid_tgid() >> 32};
	struct task_struct *task = (void *)bpf_get_current_task();
	struct snap_control *ctl = control_get();
	__u64 key = (__u64)child;

	if (!child || (ctl && who.pid == ctl->self) || BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return 0;
	who.accepted_ns = bpf_ktime_get_ns();
	who.mntns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	BPF_CORE_READ_INTO(&who.comm, task, group_leader, comm);
	BPF_CORE_READ_INTO(&who.thread, task, comm);
	bpf_map_update_elem(&acceptors, &key, &who, BPF_ANY);
	return 0;
}
