// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Sockets of which the kernel keeps next to nothing: what is left of a connection in TIME_WAIT, or in
 * FIN_WAIT2 once nobody holds it, and requests that a listener has answered with SYN/ACK. They have
 * addresses, a state and a timer; no counters, no owner, no user, no cgroup. For `stat --live`, which
 * meets all others on the same walk: a walk costs most where there are many network namespaces, as
 * each goes through the one hash table of them all.
 */
#include "bpf/adopt.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct inet_timewait_sock {
	struct sock_common __tw_common;
	volatile unsigned char tw_substate;
	struct timer_list tw_timer;
};

struct tcp_timewait_sock {
	struct inet_timewait_sock tw_sk;
};

struct request_sock___timer {
	struct timer_list rsk_timer;
	__u8 num_retrans;
};

#pragma clang attribute pop

/* As inet_diag shows it: 1 a SYN/ACK is sent again, 3 the socket is given up. */
#define TIMER_SYN_ACK 1
#define TIMER_TIME_WAIT 3

static __always_inline __u32 left_ms(__u64 expires)
{
	__s64 left = (__s64)(expires - bpf_jiffies64());

	return left > 0 ? jiffies_to(left, MS_PER_S) : 0;
}

static __always_inline void read_common(struct sock_common *c, struct ev_ident *id)
{
	id->lport = c->skc_num;
	id->rport = bpf_ntohs(c->skc_dport);
	id->netns = c->skc_net.net->ns.inum;
	id->seen = SEEN_ADOPTED;
	id->uid = UID_UNKNOWN;
	if (c->skc_family == AF_INET) {
		id->family = 4;
		addr_set_v4(&id->laddr, c->skc_rcv_saddr);
		addr_set_v4(&id->raddr, c->skc_daddr);
		return;
	}
	id->family = 6;
	bpf_probe_read_kernel(&id->laddr, 16, &c->skc_v6_rcv_saddr);
	bpf_probe_read_kernel(&id->raddr, 16, &c->skc_v6_daddr);
	id->ifindex = c->skc_bound_dev_if;
}

/* The caller has checked that SNAP_SLOTS_MAX slots are free. */
static __always_inline void put_bare(struct snap_control *ctl, __u64 id, __u8 state,
				     const struct ev_ident *ident, const struct ev_extra *extra)
{
	__u32 at = ctl->used;
	struct event *e = bpf_map_lookup_elem(&snap, &at);

	if (!e)
		return;
	__builtin_memset(e, 0, EV_SIZE_COUNT);
	e->head.id = id;
	e->head.kind = EV_SAMPLE;
	e->head.state = state;
	e->head.flags = EV_HAS_IDENT | EV_HAS_EXTRA;
	ctl->used = at + 1;
	if (put_ident(ctl, ident))
		put_extra(ctl, extra);
}

SEC("?iter/tcp")
int list_bare(struct bpf_iter__tcp *ctx)
{
	struct sock_common *c = ctx->sk_common;
	struct snap_control *ctl = control_get();
	struct tcp_timewait_sock *tw;
	struct ev_extra *extra;
	struct ev_ident id = {};
	__u32 zero = 0;
	__u8 state;

	if (!c || !ctl)
		return 0;
	state = c->skc_state;
	if (state != ST_TIME_WAIT && state != ST_NEW_SYN_RECV) {
		adopt((struct sock *)c, ctx->meta->seq);
		return 0;
	}
	extra = bpf_map_lookup_elem(&scratch, &zero);
	if (!extra)
		return 0;
	__builtin_memset(extra, 0, sizeof(*extra));
	extra->known = KNOWN_NO_COUNTERS;
	if (state == ST_TIME_WAIT) {
		tw = bpf_skc_to_tcp_timewait_sock(c);
		if (!tw)
			return 0;
		state = tw->tw_sk.tw_substate;
		extra->timer = TIMER_TIME_WAIT;
		extra->timer_ms = left_ms(tw->tw_sk.tw_timer.expires);
	} else {
		struct request_sock___timer *req = (void *)bpf_skc_to_tcp_request_sock(c);

		if (!req)
			return 0;
		id.role = ROLE_ACCEPT;
		extra->timer = TIMER_SYN_ACK;
		extra->timer_ms = left_ms(BPF_CORE_READ(req, rsk_timer.expires));
		extra->retransmits = BPF_CORE_READ(req, num_retrans);
	}
	read_common(c, &id);
	put_bare(ctl, bpf_get_socket_cookie(c), state, &id, extra);
	yield_if_full(ctl, ctx->meta->seq);
	return 0;
}
