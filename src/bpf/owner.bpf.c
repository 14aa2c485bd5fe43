// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Who holds a socket now. For sockets that are older than us, were accepted by a worker of the
 * listening process, or were passed to another process: the first owner we noted may be wrong.
 *
 * A scan walks all open files, of all network namespaces. Pass 1 adopts sockets that were not known,
 * and confirms each owner that still holds its socket; pass 2 is run only if pass 1 met sockets
 * whose owner it did not confirm, and gives those to a holder.
 *
 * A scan costs what taking and giving back a reference to each file costs. So sum_files() says first
 * whether anybody has another file of a socket than at the last scan, by looking at no more than the
 * tables of files; if not, the owners are who they were.
 */
#include "bpf/acceptor.bpf.h"
#include "bpf/adopt.bpf.h"
#include "bpf/mptcp.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline void confirm(struct snap_control *ctl, struct flow *f,
				    struct task_struct *task)
{
	__u64 now[2], *noted = (void *)f->ident.comm;

	if (f->ident.owner_source == OWNER_NONE || f->ident.pid != (__u32)task->tgid) {
		if (f->owner_scan != ctl->owner_scan)
			ctl->owner_unsure++;
		return;
	}
	f->owner_scan = ctl->owner_scan;
	if (f->ident.owner_source == OWNER_LISTEN && f->phase == PHASE_LIVE) {
		f->ident.owner_source = OWNER_FILES;
		told_of(f)->announced = 0;
	}
	/* It may have become another program by exec. */
	bpf_probe_read_kernel(now, sizeof(now), task->group_leader->comm);
	if (now[0] != noted[0] || now[1] != noted[1]) {
		noted[0] = now[0];
		noted[1] = now[1];
		told_of(f)->announced = 0;
	}
}

static __always_inline void assign(struct snap_control *ctl, struct flow *f,
				   struct task_struct *task)
{
	if (f->owner_scan == ctl->owner_scan)
		return;
	f->owner_scan = ctl->owner_scan;
	set_owner(&f->ident, task, OWNER_FILES);
	told_of(f)->announced = 0;
}

/* The files of a process come one after the other, several of them may be of one socket. */
static __always_inline void count_holder(struct snap_control *ctl, struct flow *f,
					 struct task_struct *task)
{
	if (!want_holders || ctl->owner_pass != 1)
		return;
	if (f->held_scan != (__u16)ctl->owner_scan) {
		f->held_scan = ctl->owner_scan;
		f->held_by = 0;
		f->holders = 0;
	}
	if (f->held_by == (__u32)task->tgid)
		return;
	f->held_by = task->tgid;
	f->holders++;
}

SEC("iter/task_file")
int scan_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct snap_control *ctl;
	struct socket *socket;
	struct flow *f;

	if (!file || !task)
		return 0;
	ctl = control_get();
	/* We run this iterator, so the running task is ours. */
	if (ctl)
		ctl->self = bpf_get_current_pid_tgid() >> 32;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	if (ctl && !ctl->socket_ops)
		ctl->socket_ops = (__u64)file->f_op;
	f = bpf_sk_storage_get(&flows, socket->sk, 0, 0);
	if (!f && is_mptcp_socket(socket->sk)) {
		mptcp_note(socket->sk, task, OWNER_FILES);
		return 0;
	}
	if (!f) {
		f = adopt(socket->sk, ctx->meta->seq);
		if (!f)
			f = bpf_sk_storage_get(&flows, socket->sk, 0, 0);
	}
	if (!f || !ctl || (f->phase != PHASE_LIVE && f->phase != PHASE_LISTEN))
		return 0;
	count_holder(ctl, f, task);
	take_acceptor(f, (struct tcp_sock *)socket->sk);
	if (f->ident.owner_source == OWNER_NONE && f->ident.seen == SEEN_ADOPTED)
		assign(ctl, f, task);
	else if (ctl->owner_pass == 1)
		confirm(ctl, f, task);
	else
		assign(ctl, f, task);
	return 0;
}

/* Files that are read from a table at once; the kernel makes tables of 64 and multiples of that. */
#define FILES_AT_ONCE 16

struct files {
	struct file **table;
	__u64 socket_ops;
	__u64 sum;
};

/* Odd, and its bits are those of no pattern: that of splitmix64. */
static __always_inline __u64 mixed(__u64 sum, __u64 n)
{
	sum = (sum ^ n) * 0xbf58476d1ce4e5b9ull;
	return sum ^ sum >> 27;
}

/*
 * Nothing is locked: what changes while it is read gives one sum or the other, or one that is never
 * seen again. TCP has sockets of type SOCK_STREAM only.
 */
static long sum_some(__u32 i, struct files *files)
{
	struct file *some[FILES_AT_ONCE];

	if (bpf_probe_read_kernel(some, sizeof(some), files->table + i * FILES_AT_ONCE))
		return 1;
	for (int k = 0; k < FILES_AT_ONCE; k++) {
		struct socket *socket;

		if (!some[k] || (__u64)BPF_CORE_READ(some[k], f_op) != files->socket_ops)
			continue;
		socket = BPF_CORE_READ(some[k], private_data);
		if (BPF_CORE_READ(socket, type) == SOCK_STREAM)
			files->sum = mixed(mixed(files->sum, (__u64)some[k]),
					   i * FILES_AT_ONCE + k);
	}
	return 0;
}

/*
 * Of all processes, in any order. A file that was closed and another one that came to lie at the same
 * address, under the same number, give the same sum: but that is a new socket, which is counted as
 * opened.
 */
SEC("?iter/task")
int sum_files(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct snap_control *ctl = control_get();
	struct files files = {};
	struct files_struct *of;
	__u64 name[2];

	if (!task || !ctl || !ctl->socket_ops || task->flags & PF_KTHREAD)
		return 0;
	of = task->files;
	/* Threads have them in common. */
	if (!of || (task != task->group_leader && of == task->group_leader->files))
		return 0;
	files.table = of->fdt->fd;
	files.socket_ops = ctl->socket_ops;
	bpf_loop(of->fdt->max_fds / FILES_AT_ONCE, sum_some, &files, 0);
	if (!files.sum)
		return 0;
	bpf_probe_read_kernel(name, sizeof(name), task->group_leader->comm);
	ctl->files_sum += mixed(mixed(mixed(files.sum, task->tgid), name[0]), name[1]);
	return 0;
}
