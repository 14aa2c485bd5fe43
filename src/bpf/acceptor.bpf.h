/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Taking over the note that a kprobe left about who accepted a socket. */
#pragma once
#include "bpf/list.bpf.h"
#include "bpf/sock.bpf.h"

/*
 * For every program that meets a live flow, before it looks at the owner. A stronger owner than the
 * listener's stays: the note is older than that. Costs nothing where no kprobe leaves notes.
 */
static __always_inline void take_acceptor(struct flow *f, struct tcp_sock *tp)
{
	__u64 key = (__u64)tp;
	struct acceptor *who;

	if (!want_acceptors || f->ident.role != ROLE_ACCEPT ||
	    (f->ident.owner_source != OWNER_NONE && f->ident.owner_source != OWNER_LISTEN))
		return;
	who = bpf_map_lookup_elem(&acceptors, &key);
	/* An older one is about a socket that had this address before. */
	if (!who || who->accepted_ns < f->ident.open_ns)
		return;
	f->ident.pid = who->pid;
	f->ident.mntns = who->mntns;
	__builtin_memcpy(f->ident.comm, who->comm, sizeof(who->comm));
	__builtin_memcpy(f->ident.thread, who->thread, sizeof(who->thread));
	f->ident.owner_source = OWNER_ACCEPT;
	told_of(f)->announced = 0;
	bpf_map_delete_elem(&acceptors, &key);
}
