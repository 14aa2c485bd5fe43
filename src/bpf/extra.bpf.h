/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The part of struct tcp_sock that is read only if it was asked for. Fields that a kernel has not
 * stay 0; the formulas are those of tcp_get_info() and inet_csk_diag_fill().
 */
#pragma once
#include "bpf/causes.bpf.h"
#include "bpf/levels.bpf.h"

#define US_PER_S 1000000ull
#define NS_PER_MS 1000000ull
/* What icsk_pending says (include/net/inet_connection_sock.h). */
#define ICSK_RETRANS 1
#define ICSK_PROBE0 3
#define ICSK_LOSS_PROBE 5
#define ICSK_REO_TIMEOUT 6

static __always_inline void read_chrono(struct tcp_sock *tp, struct ev_extra *e)
{
	/* enum tcp_chrono: 1 busy, 2 limited by the peer's window, 3 by the send buffer. */
	__u32 type = BPF_CORE_READ_BITFIELD(tp, chrono_type);
	__u32 running = (__u32)bpf_jiffies64() - tp->chrono_start;
	__u64 busy = tp->chrono_stat[0] + (type == 1 ? running : 0);
	__u64 rwnd = tp->chrono_stat[1] + (type == 2 ? running : 0);
	__u64 sndbuf = tp->chrono_stat[2] + (type == 3 ? running : 0);

	e->rwnd_limited_us = jiffies_to(rwnd, US_PER_S);
	e->sndbuf_limited_us = jiffies_to(sndbuf, US_PER_S);
	e->busy_us = jiffies_to(busy, US_PER_S) + e->rwnd_limited_us + e->sndbuf_limited_us;
}

/*
 * Kernels keep the two timers in three ways: sk_timer was the one for keep-alive, before it came to be
 * the one for retransmission, under one more name.
 */
static __always_inline __u64 retransmit_expires(struct tcp_sock *tp)
{
	struct inet_connection_sock *icsk = &tp->inet_conn;

	if (bpf_core_field_exists(icsk->icsk_timeout))
		return icsk->icsk_timeout;
	if (bpf_core_field_exists(icsk->icsk_retransmit_timer))
		return icsk->icsk_retransmit_timer.expires;
	return SK(tp)->tcp_retransmit_timer.expires;
}

/* 0: it does not run. */
static __always_inline __u64 keepalive_expires(struct tcp_sock *tp)
{
	struct inet_connection_sock *icsk = &tp->inet_conn;

	if (bpf_core_field_exists(icsk->icsk_keepalive_timer))
		return icsk->icsk_keepalive_timer.entry.pprev ? icsk->icsk_keepalive_timer.expires
							      : 0;
	return SK(tp)->sk_timer.entry.pprev ? SK(tp)->sk_timer.expires : 0;
}

static __always_inline void read_timer(struct tcp_sock *tp, struct ev_extra *e)
{
	__u8 pending = tp->inet_conn.icsk_pending;
	__u64 expires = keepalive_expires(tp);
	__s64 left;

	if (pending == ICSK_RETRANS || pending == ICSK_LOSS_PROBE || pending == ICSK_REO_TIMEOUT)
		e->timer = 1;
	else if (pending == ICSK_PROBE0)
		e->timer = 4;
	else if (expires)
		e->timer = 2;
	else
		return;
	if (e->timer != 2)
		expires = retransmit_expires(tp);
	left = (__s64)(expires - bpf_jiffies64());
	e->timer_ms = left > 0 ? jiffies_to(left, MS_PER_S) : 0;
}

/* Of a flow that a look met in the list. Leaves `ret` as it is if there is none. */
static __always_inline void read_listed_tally(const struct flow *f, struct tally *ret)
{
	struct listed_extra *more = want_tallies ? listed_extra_at(f->place) : 0;

	if (more && more->tally)
		bpf_probe_read_kernel(ret, sizeof(*ret), (void *)more->tally);
}

static __always_inline void read_tally(const struct flow *f, struct tcp_sock *tp, bool by_list,
				       struct ev_extra *e)
{
	struct tally listed = {}, *t = 0;
	__u64 key = (__u64)tp, *acks = 0;

	if (by_list) {
		read_listed_tally(f, &listed);
		t = &listed;
	} else if (want_tallies) {
		t = bpf_sk_storage_get(&tallies, SK(tp), 0, 0);
	}
	if (want_delacks)
		acks = bpf_map_lookup_elem(&delayed_acks, &key);
	if (acks)
		e->delayed_acks = *acks;
	if (!t)
		return;
	e->write_calls = t->write_calls;
	e->read_calls = t->read_calls;
	e->in_packets = t->in_packets;
	e->out_packets = t->out_packets;
}

/* The socket ends; another may come to lie at its address. */
static __always_inline void forget_delayed_acks(struct tcp_sock *tp)
{
	__u64 key = (__u64)tp;

	if (want_delacks)
		bpf_map_delete_elem(&delayed_acks, &key);
}

static __always_inline void read_queues(struct tcp_sock *tp, __u8 state, struct ev_extra *e)
{
	struct sock *sk = SK(tp);

	e->drops = sk->sk_drops.counter;
	if (state == ST_LISTEN) {
		e->backlog = sk->sk_ack_backlog;
		e->backlog_max = sk->sk_max_ack_backlog;
		e->defer_accept = tp->inet_conn.icsk_accept_queue.rskq_defer_accept;
		e->synack_limit = tp->inet_conn.icsk_syn_retries;
		if (!e->synack_limit)
			e->synack_limit =
				sk->__sk_common.skc_net.net->ipv4.sysctl_tcp_synack_retries;
		return;
	}
	e->receive_queue = tp->rcv_nxt - tp->copied_seq;
	/* As ss shows it: a FIN that was received counts 1 until the application has read it. */
	if ((__s32)e->receive_queue < 0)
		e->receive_queue = 0;
	e->send_queue = tp->write_seq - tp->snd_una;
}

/* While a scan is under way nobody knows. What no scan met, though one was there before, nobody holds. */
static __always_inline void read_holders(const struct flow *f, struct ev_extra *e)
{
	struct snap_control *ctl = want_holders ? control_get() : 0;

	if (!ctl || ctl->owner_pass || !f->held_scan)
		return;
	e->known |= KNOWN_HOLDERS;
	if (f->held_scan == (__u16)ctl->owner_scan)
		e->holders = f->holders;
}

/*
 * The segments that were sent again are counted anew in `count`, so that they are the sum of their
 * causes. `last`: the flow ends. `by_list`: see causes_of().
 */
static __always_inline void read_extra(struct flow *f, struct tcp_sock *tp, __u8 state, bool last,
				       bool by_list, struct ev_count *count, struct ev_extra *e)
{
	struct inet_connection_sock *icsk = &tp->inet_conn;

	__builtin_memset(e, 0, sizeof(*e));
	e->synack_retrans = f->synack_retrans;
	e->icmp_type = f->icmp_type;
	e->icmp_code = f->icmp_code;
	read_queues(tp, state, e);
	read_levels(f, tp, state, last, e);
	read_holders(f, e);
	read_tally(f, tp, by_list, e);
	e->segs_in = tp->segs_in;
	e->segs_out = tp->segs_out;
	if (state == ST_LISTEN) {
		causes_read_listener(f, tp, by_list, e);
		return;
	}
	causes_read(f, tp, state, last, by_list, count, e);
	e->data_segs_in = tp->data_segs_in;
	e->data_segs_out = tp->data_segs_out;
	e->rttvar_us = tp->mdev_us >> 2;
	e->cwnd = tp->snd_cwnd;
	e->ssthresh = tp->snd_ssthresh;
	e->mss = tp->mss_cache;
	e->reordering = tp->reordering;
	e->reord_seen = tp->reord_seen;
	e->dsack_dups = tp->dsack_dups;
	if (bpf_core_field_exists(tp->rcv_ooopack))
		e->ooo_packets = tp->rcv_ooopack;
	if (bpf_core_field_exists(tp->total_rto)) {
		e->rto_total = tp->total_rto;
		e->rto_time_ms = tp->total_rto_time;
		/* The recovery that is going on. */
		if (tp->rto_stamp)
			e->rto_time_ms += (__u32)(bpf_ktime_get_ns() / NS_PER_MS) - tp->rto_stamp;
	}
	e->rto_us = jiffies_to(icsk->icsk_rto, US_PER_S);
	e->lost = tp->lost_out;
	e->delivered = tp->delivered;
	e->delivered_ce = tp->delivered_ce;
	if (tp->rate_interval_us)
		e->delivery_rate = (__u64)tp->rate_delivered * tp->mss_cache * US_PER_S /
				   tp->rate_interval_us;
	e->app_limited = BPF_CORE_READ_BITFIELD(tp, rate_app_limited);
	e->ecn = tp->ecn_flags & 1;
	e->retransmits = icsk->icsk_retransmits;
	e->backoff = icsk->icsk_backoff;
	bpf_probe_read_kernel(e->congestion, sizeof(e->congestion), icsk->icsk_ca_ops->name);
	read_chrono(tp, e);
	read_timer(tp, e);
}
