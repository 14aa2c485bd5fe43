// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Connection requests, for `peek`: once per SYN, per SYN/ACK that is sent again, per packet that
 * the kernel drops; never for a segment of an established connection.
 */
#include "bpf/packet.bpf.h"
#include "bpf/request.bpf.h"
#include "bpf/ring.bpf.h"
#include "bpf/slots.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define NS_PER_S 1000000000ull
#define NS_PER_US 1000ull
#define TCP_FLAGS 13
#define TCP_FLAG_RST 4
/* Bounds a shift; the kernel counts to 127, and stops at two minutes long before. */
#define TIMEOUTS_MAX 7

static __always_inline void tell_ended(const struct request_key *key, const struct request *r)
{
	struct ended_request *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e) {
		ACCOUNT_ADD(lost_requests, 1);
		return;
	}
	e->key = *key;
	e->request = *r;
	bpf_ringbuf_submit(e, wake_flags());
}

/* One from the same port was noted: the kernel would not have made another if it lived. */
static __always_inline void begin_request(const struct request_key *key, const struct request *r)
{
	const struct request *before = bpf_map_lookup_elem(&requests, key);

	if (before)
		tell_ended(key, before);
	if (bpf_map_update_elem(&requests, key, r, BPF_ANY))
		ACCOUNT_ADD(lost_requests, 1);
}

/*
 * A SYN came and will be answered: tcp_conn_request() asks which first timeout it shall use, with
 * the request in place of a socket. `reply` stays as it is, so the kernel takes its own.
 */
SEC("?sockops")
int on_request(struct bpf_sock_ops *ctx)
{
	struct request r = {.first_ns = bpf_ktime_get_ns()};
	struct request_key key = {};
	struct addr local, remote;
	__u32 local4, remote4;
	__u64 cookie;
	__u32 *netns;

	if (ctx->op != BPF_SOCK_OPS_TIMEOUT_INIT || ctx->is_fullsock || frozen())
		return 1;
	cookie = bpf_get_netns_cookie(ctx);
	netns = bpf_map_lookup_elem(&namespaces, &cookie);
	if (!netns)
		return 1;
	key.netns = *netns;
	key.lport = ctx->local_port;
	key.rport = bpf_ntohl(ctx->remote_port);
	/* All of it, in this order: the verifier wants no reading merged from two branches. */
	local4 = ctx->local_ip4;
	remote4 = ctx->remote_ip4;
	for (int i = 0; i < 4; i++) {
		local.word_be[i] = ctx->local_ip6[i];
		remote.word_be[i] = ctx->remote_ip6[i];
	}
	r.family = ctx->family == AF_INET ? 4 : 6;
	barrier();
	if (r.family == 4) {
		addr_set_v4(&key.laddr, local4);
		addr_set_v4(&key.raddr, remote4);
	} else {
		key.laddr = local;
		key.raddr = remote;
	}
	r.last_ns = r.first_ns;
	r.expires_ns = r.first_ns + NS_PER_S;
	begin_request(&key, &r);
	return 1;
}

static __always_inline void read_request(const struct request_sock *req, struct request_key *key,
					 struct request *r)
{
	const struct sock_common *c = &req->__req_common;

	if (c->skc_family == AF_INET) {
		r->family = 4;
		addr_set_v4(&key->laddr, c->skc_rcv_saddr);
		addr_set_v4(&key->raddr, c->skc_daddr);
	} else {
		r->family = 6;
		bpf_probe_read_kernel(&key->laddr, 16, &c->skc_v6_rcv_saddr);
		bpf_probe_read_kernel(&key->raddr, 16, &c->skc_v6_daddr);
	}
	key->netns = c->skc_net.net->ns.inum;
	key->lport = c->skc_num;
	key->rport = bpf_ntohs(c->skc_dport);
}

/*
 * A SYN/ACK went again, because its timer ran out (reqsk_timer_handler(), which detaches the timer
 * first) or because the SYN came again (tcp_check_req(), which sets the timer anew).
 */
SEC("?tp_btf/tcp_retransmit_synack")
int BPF_PROG(on_synack, struct sock *sk, struct request_sock *req)
{
	struct inet_request_sock *inet = (void *)req;
	struct tcp_request_sock *tcp = (void *)req;
	__u64 now_ns = bpf_ktime_get_ns(), timeout_ns = NS_PER_S;
	__u8 timeouts = BPF_CORE_READ_BITFIELD(req, num_timeout);
	__u8 by_timer = !req->rsk_timer.entry.pprev;
	struct request_key key = {};
	struct request fresh = {}, *r;

	/* The SYN of a Fast Open made a socket at once. */
	if (frozen() || sk->__sk_common.skc_state != ST_LISTEN)
		return 0;
	read_request(req, &key, &fresh);
	r = bpf_map_lookup_elem(&requests, &key);
	if (!r) {
		fresh.first_ns = BPF_CORE_READ(tcp, snt_synack) * NS_PER_US;
		begin_request(&key, &fresh);
		r = bpf_map_lookup_elem(&requests, &key);
		if (!r)
			return 0;
	}
	if (bpf_core_field_exists(req->timeout) && req->timeout)
		timeout_ns = req->timeout * NS_PER_S / jiffies_hz;
	timeouts += by_timer;
	r->listener = bpf_get_socket_cookie(sk);
	r->last_ns = now_ns;
	r->dup_syn_ack++;
	r->dup_syn += !by_timer;
	r->timeouts = timeouts;
	r->acked = BPF_CORE_READ_BITFIELD_PROBED(inet, acked);
	r->expires_ns = now_ns + (timeout_ns << (timeouts & TIMEOUTS_MAX));
	return 0;
}

static __always_inline void count_discard(const struct request_key *request)
{
	struct discard_key key = {
		.laddr = request->laddr, .netns = request->netns, .lport = request->lport};
	__u64 one = 1, *count = bpf_map_lookup_elem(&discards, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&discards, &key, &one, BPF_NOEXIST);
}

/*
 * The RST that ends a request is dropped like any segment that nobody wants (tcp_check_req()). One
 * with a wrong number is too: if the request goes on, user space forgets it.
 */
SEC("?tp_btf/kfree_skb")
int BPF_PROG(on_drop, struct sk_buff *skb)
{
	struct request_key key = {};
	struct ev_ident id;
	struct request *r;
	__u8 flags = 0;

	if (!packet_is_ip(skb) || !packet_reached_tcp(skb))
		return 0;
	packet_read(skb, &id);
	request_key_of(&id, &key);
	r = bpf_map_lookup_elem(&requests, &key);
	if (!r)
		return 0;
	count_discard(&key);
	bpf_probe_read_kernel(&flags, 1, packet_transport(skb) + TCP_FLAGS);
	if (flags & TCP_FLAG_RST)
		r->reset_ns = bpf_ktime_get_ns();
	return 0;
}

/* What ends a connection attempt with ECONNREFUSED: a RST, or an ICMP error? */
SEC("?tp_btf/tcp_receive_reset")
int BPF_PROG(on_reset_received, struct sock *sk)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct flow *f = tp ? bpf_sk_storage_get(&flows, SK(tp), 0, 0) : 0;

	if (f)
		f->reset_came = 1;
	return 0;
}

/* How the queues of the listeners do. */
SEC("?iter/bpf_sk_storage_map")
int sample_listeners(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct snap_control *ctl = control_get();
	struct sock *sk = ctx->sk;
	struct tcp_sock *tp;
	struct flow *f;

	if (!sk || !ctl)
		return 0;
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp || sk->__sk_common.skc_state != ST_LISTEN)
		return 0;
	f = bpf_sk_storage_get(&flows, SK(tp), 0, 0);
	if (f)
		put_listener(ctl, f, tp, false, 0);
	yield_if_full(ctl, ctx->meta->seq);
	return 0;
}
