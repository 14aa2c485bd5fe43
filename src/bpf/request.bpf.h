/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Handshakes of this host, for `peek`: what the programs that see parts of one share. Only used
 * with want_handshakes; then a flow is over as soon as its handshake is.
 */
#pragma once
#include "abi/request.h"
#include "bpf/sock.bpf.h"

/* Requests that are not sockets yet; user space says how many, and removes those that came to nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct request_key);
	__type(value, struct request);
} requests __weak SEC(".maps");

/* Listeners alone, so that an iterator need not visit all sockets. The value says nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} listeners __weak SEC(".maps");

/* Cookie to inode number: programs that see no struct net know a network namespace by its cookie. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, NETWORK_NAMESPACES_MAX);
	__type(key, __u64);
	__type(value, __u32);
} namespaces __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DISCARDS_MAX);
	__type(key, struct discard_key);
	__type(value, __u64);
} discards __weak SEC(".maps");

static __always_inline void note_listener(struct tcp_sock *tp)
{
	struct net *net;
	__u64 cookie;
	__u32 inode;

	if (!want_handshakes)
		return;
	net = SK(tp)->__sk_common.skc_net.net;
	cookie = net->net_cookie;
	inode = net->ns.inum;
	bpf_map_update_elem(&namespaces, &cookie, &inode, BPF_ANY);
	storage_make(&listeners, SK(tp));
}

static __always_inline void request_key_of(const struct ev_ident *id, struct request_key *key)
{
	key->laddr = id->laddr;
	key->raddr = id->raddr;
	key->netns = id->netns;
	key->lport = id->lport;
	key->rport = id->rport;
}

/* The request became a socket. Fills what only the request knew. */
static __always_inline void take_request(const struct ev_ident *id, struct ev_handshake *h)
{
	struct request_key key = {};
	struct request *r;

	request_key_of(id, &key);
	r = bpf_map_lookup_elem(&requests, &key);
	if (!r)
		return;
	h->first_ns = r->first_ns;
	h->dup_syn = r->dup_syn;
	bpf_map_delete_elem(&requests, &key);
}
