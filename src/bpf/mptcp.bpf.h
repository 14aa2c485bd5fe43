/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Owners of MPTCP connections. A process has the socket of the connection only; the TCP sockets below
 * it, its subflows, are opened and closed by the kernel as it likes, and belong to whoever has that.
 */
#pragma once
#include "bpf/list.bpf.h"
#include "bpf/sock.bpf.h"

#define IPPROTO_MPTCP 262

struct mptcp_owner {
	__u32 pid;
	__u32 mntns;
	char comm[16];
	char thread[16];
	__u8 source; /* enum ev_owner */
	__u8 pad[7];
};

/*
 * By address of the connection's socket, which is all that a subflow shows of it. Nothing is told when
 * it has gone for good; the next socket at its address begins anew.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MPTCP_CONNECTIONS);
	__type(key, __u64);
	__type(value, struct mptcp_owner);
} mptcp_owners __weak SEC(".maps");

static __always_inline bool is_mptcp_socket(struct sock *sk)
{
	return sk->sk_protocol == IPPROTO_MPTCP;
}

static __always_inline void mptcp_note(struct sock *sk, struct task_struct *task, __u8 source)
{
	struct mptcp_owner owner = {.pid = task->tgid, .source = source};
	__u64 key = (__u64)sk;

	owner.mntns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	bpf_probe_read_kernel(owner.comm, sizeof(owner.comm), task->group_leader->comm);
	bpf_probe_read_kernel(owner.thread, sizeof(owner.thread), task->comm);
	bpf_map_update_elem(&mptcp_owners, &key, &owner, BPF_ANY);
}

/*
 * A connection's own states, set in mptcp_connect(), mptcp_close() and mptcp_shutdown() by their
 * callers; those of a new one, which is cloned from its listener, by whoever came. A new one was
 * announced in SYN_RECV once, and is in ESTABLISHED at once on newer kernels (mptcp_sk_clone_init()).
 */
static __always_inline void mptcp_change(struct sock *sk, int old, int new)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 key = (__u64)sk;

	if (!is_mptcp_socket(sk))
		return;
	if (new == ST_SYN_SENT && !(task->flags & PF_KTHREAD))
		mptcp_note(sk, task, OWNER_CONNECT);
	else if ((new == ST_FIN_WAIT1 || new == ST_LAST_ACK) && !(task->flags & PF_KTHREAD) &&
		 !only_looks(task))
		mptcp_note(sk, task, OWNER_CLOSE);
	else if (new == ST_SYN_RECV || (old == ST_LISTEN && new == ST_ESTABLISHED))
		bpf_map_delete_elem(&mptcp_owners, &key);
}

/* The connection that a subflow belongs to; tp->is_mptcp is set. */
static __always_inline __u64 mptcp_connection(struct tcp_sock *tp)
{
	struct mptcp_subflow_context *subflow = tp->inet_conn.icsk_ulp_data;

	return (__u64)BPF_CORE_READ(subflow, conn);
}

/*
 * Until the connection is accepted, or a scan finds who has it, the subflows that this side opens for
 * it belong to whoever listens, as its first one does.
 */
static __always_inline void mptcp_inherit(const struct flow *f, struct tcp_sock *tp)
{
	struct mptcp_owner owner = {.source = OWNER_LISTEN};
	__u64 key;

	if (f->ident.role != ROLE_ACCEPT || f->ident.owner_source != OWNER_LISTEN ||
	    !bpf_core_field_exists(tp->is_mptcp) || !tp->is_mptcp)
		return;
	key = mptcp_connection(tp);
	owner.pid = f->ident.pid;
	owner.mntns = f->ident.mntns;
	__builtin_memcpy(owner.comm, f->ident.comm, sizeof(owner.comm));
	__builtin_memcpy(owner.thread, f->ident.thread, sizeof(owner.thread));
	bpf_map_update_elem(&mptcp_owners, &key, &owner, BPF_NOEXIST);
}

/*
 * For every program that meets a live flow whose owner is weaker than `source`, the strongest that can
 * be noted there. A stronger one stays. What tells MPTCP apart lies in a cache line of its own, and the
 * owner in another: neither is read again of a socket that is no subflow. A subflow is made as one, and
 * may only cease to be one (mptcp_subflow_create_socket(), subflow_ulp_fallback()).
 */
static __always_inline void mptcp_take_owner(struct flow *f, struct tcp_sock *tp, __u8 source)
{
	struct mptcp_owner *owner;
	__u64 key;

	if (!bpf_core_field_exists(tp->is_mptcp) || f->no_subflow)
		return;
	if (!tp->is_mptcp) {
		f->no_subflow = 1;
		return;
	}
	if (f->ident.owner_source >= source)
		return;
	key = mptcp_connection(tp);
	owner = bpf_map_lookup_elem(&mptcp_owners, &key);
	if (!owner || owner->source <= f->ident.owner_source)
		return;
	f->ident.pid = owner->pid;
	f->ident.mntns = owner->mntns;
	__builtin_memcpy(f->ident.comm, owner->comm, sizeof(owner->comm));
	__builtin_memcpy(f->ident.thread, owner->thread, sizeof(owner->thread));
	f->ident.owner_source = owner->source;
	told_of(f)->announced = 0;
}
