/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Reading a struct tcp_sock: addresses, exact byte counts, owner. This is the only place of the
 * kernel side that asks for an address family.
 */
#pragma once
#include <bpf/bpf_endian.h>
#include "bpf/maps.bpf.h"

#define SK(tp) (&(tp)->inet_conn.icsk_inet.sk)

/* Our FIN takes one sequence number; these states are entered just before it is queued. */
static __always_inline int fin_sent(__u8 state)
{
	return state == ST_FIN_WAIT1 || state == ST_FIN_WAIT2 || state == ST_CLOSING ||
	       state == ST_LAST_ACK || state == ST_TIME_WAIT;
}

/*
 * Bytes of a flow. Not under the socket's lock: a reading may be torn by one segment, which the
 * next reading mends.
 *
 * Written by the application: write_seq is one past the last byte that the kernel took over,
 * snd_una the first not acknowledged, bytes_acked counts what snd_una advanced (tcp_snd_una_update()).
 * Their sum counts our SYN, if we connected, and our FIN: one sequence number each (RFC 9293, 3.4).
 * bytes_received advances with rcv_nxt (tcp_rcv_nxt_update()) and so counts the peer's FIN.
 */
static __always_inline void read_bytes(struct tcp_sock *tp, __u8 state, __u8 syn,
				       struct ev_count *c)
{
	__u64 acked = tp->bytes_acked;
	__u64 written = acked + (__u32)(tp->write_seq - tp->snd_una);
	__u64 control = syn + fin_sent(state);
	__u64 received = tp->bytes_received;

	/* In SYN_SENT snd_una is not valid yet (a deferred connect sets it at the first send). */
	if (state == ST_SYN_SENT)
		written = acked = 0;
	written = written > control ? written - control : 0;
	acked = acked > syn ? acked - syn : 0;
	c->tx_bytes = written;
	c->acked_bytes = acked < written ? acked : written;
	c->rx_bytes = received && (SK(tp)->__sk_common.skc_flags & (1UL << SOCK_DONE))
			      ? received - 1
			      : received;
}

/* The rest: in cache lines of its own, so it is read only of flows that are reported. */
static __always_inline void read_quality(struct tcp_sock *tp, struct ev_count *c)
{
	__u32 min_rtt_us = tp->rtt_min.s[0].v;

	c->retrans_bytes = tp->bytes_retrans;
	c->retrans_segs = tp->total_retrans;
	c->srtt_us = tp->srtt_us >> 3;
	c->min_rtt_us = min_rtt_us == ~0U ? 0 : min_rtt_us;
	c->pad = 0;
}

static __always_inline void read_count(struct tcp_sock *tp, __u8 state, __u8 syn,
				       struct ev_count *c)
{
	read_bytes(tp, state, syn, c);
	read_quality(tp, c);
}

/*
 * Does bytes_acked of a socket that is older than us count a SYN? All sequence numbers that were
 * ever sent, less the payload that was ever sent for the first time, less our FIN, leaves the SYN.
 */
static __always_inline __u8 syn_was_counted(struct tcp_sock *tp, __u8 state)
{
	__u64 numbers = tp->bytes_acked + (__u32)(tp->snd_nxt - tp->snd_una);
	__u64 payload = tp->bytes_sent - tp->bytes_retrans;

	return numbers == payload + 1 + (fin_sent(state) && tp->snd_nxt == tp->write_seq);
}

static __always_inline void read_tuple(struct tcp_sock *tp, struct ev_ident *id)
{
	struct sock *sk = SK(tp);
	struct sock_common *c = &sk->__sk_common;

	if (c->skc_family == AF_INET) {
		id->family = 4;
		addr_set_v4(&id->laddr, c->skc_rcv_saddr);
		addr_set_v4(&id->raddr, c->skc_daddr);
	} else {
		id->family = 6;
		bpf_probe_read_kernel(&id->laddr, 16, &c->skc_v6_rcv_saddr);
		bpf_probe_read_kernel(&id->raddr, 16, &c->skc_v6_daddr);
		id->ifindex = c->skc_bound_dev_if;
	}
	/* Not skc_num: tcp_set_state() has released it before it announces CLOSE. */
	id->lport = bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport);
	id->rport = bpf_ntohs(c->skc_dport);
}

static __always_inline void read_place(struct tcp_sock *tp, struct ev_ident *id)
{
	struct sock *sk = SK(tp);

	id->netns = sk->__sk_common.skc_net.net->ns.inum;
	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		id->cgroup_id = BPF_CORE_READ(sk, sk_cgrp_data.cgroup, kn, id);
	id->uid = sk->sk_uid.val;
}

static __always_inline void set_owner(struct ev_ident *id, struct task_struct *task, __u8 source)
{
	id->pid = task->tgid;
	id->owner_source = source;
	id->mntns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	bpf_probe_read_kernel(id->comm, sizeof(id->comm), task->group_leader->comm);
	bpf_probe_read_kernel(id->thread, sizeof(id->thread), task->comm);
}

/* The number of the system call that a task is in; -1: not known (before Linux 5.15). */
static __always_inline long syscall_of(struct task_struct *task)
{
	void *regs;

	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return -1;
	regs = (void *)bpf_task_pt_regs(task);
	if (bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		return ((struct pt_regs___x86 *)regs)->orig_ax;
	if (bpf_core_field_exists(struct pt_regs___arm64, syscallno))
		return ((struct pt_regs___arm64 *)regs)->syscallno;
	if (bpf_core_field_exists(struct pt_regs___s390, int_code))
		return ((struct pt_regs___s390 *)regs)->int_code & 0xffff;
	return -1;
}

/*
 * Does this task close for somebody else? Whoever looks at the files of others, in /proc or by an iterator (ss, lsof,
 * another tcpsight), holds a file for a moment; if its owner closes it just then, the one who looks is the
 * last to let go of it, within read(), readlink() or another call that closes nothing of its own.
 */
static __always_inline bool only_looks(struct task_struct *task)
{
	long call;

	if (task->flags & (PF_EXITING | PF_IO_WORKER))
		return false;
	call = syscall_of(task);
	if (bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		/* read, open, stat, lstat, pread64, readv, access, getdents, readlink, getdents64, openat, newfstatat,
		 * readlinkat, faccessat, statx, openat2, faccessat2 */
		return call == 0 || call == 2 || call == 4 || call == 6 || call == 17 ||
		       call == 19 || call == 21 || call == 78 || call == 89 || call == 217 ||
		       call == 257 || call == 262 || call == 267 || call == 269 || call == 332 ||
		       call == 437 || call == 439;
	if (bpf_core_field_exists(struct pt_regs___arm64, syscallno))
		/* faccessat, openat, getdents64, read, readv, pread64, readlinkat, newfstatat, statx, openat2, faccessat2 */
		return call == 48 || call == 56 || call == 61 || call == 63 || call == 65 ||
		       call == 67 || call == 78 || call == 79 || call == 291 || call == 437 ||
		       call == 439;
	/* s390x: read, open, access, readlink, stat, lstat, getdents, readv, pread64, getdents64, openat, newfstatat,
	 * readlinkat, faccessat, statx, openat2, faccessat2 */
	return call == 3 || call == 5 || call == 33 || call == 85 || call == 106 || call == 107 ||
	       call == 141 || call == 145 || call == 180 || call == 220 || call == 288 ||
	       call == 293 || call == 298 || call == 300 || call == 379 || call == 437 ||
	       call == 439;
}

/*
 * Make the running task the owner. Not a kernel thread, which only acts for somebody else; nor
 * ourselves: the iterator over files may drop the last reference to one, and so close its socket.
 */
static __always_inline void set_owner_current(struct ev_ident *id, __u8 source)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct snap_control *ctl = control_get();

	if (source == OWNER_CLOSE && only_looks(task))
		return;
	if (!(task->flags & PF_KTHREAD) && (!ctl || (__u32)task->tgid != ctl->self))
		set_owner(id, task, source);
}
