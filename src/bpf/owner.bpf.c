// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Who holds a socket now. For sockets that are older than us, were accepted by a worker of the
 * listening process, or were passed to another process: the first owner we noted may be wrong.
 *
 * A scan walks all open files, of all network namespaces. Pass 1 adopts sockets that were not known,
 * and confirms each owner that still holds its socket; pass 2 is run only if pass 1 met sockets
 * whose owner it did not confirm, and gives those to a holder.
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
		f->announced = 0;
	}
	/* It may have become another program by exec. */
	bpf_probe_read_kernel(now, sizeof(now), task->group_leader->comm);
	if (now[0] != noted[0] || now[1] != noted[1]) {
		noted[0] = now[0];
		noted[1] = now[1];
		f->announced = 0;
	}
}

static __always_inline void assign(struct snap_control *ctl, struct flow *f,
				   struct task_struct *task)
{
	if (f->owner_scan == ctl->owner_scan)
		return;
	f->owner_scan = ctl->owner_scan;
	set_owner(&f->ident, task, OWNER_FILES);
	f->announced = 0;
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
