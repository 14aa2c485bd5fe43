/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How a socket is doing at this moment: memory, windows, what is in flight, and how long ago
 * something came or went. The formulas are those of sk_get_meminfo() and tcp_get_info().
 */
#pragma once
#include "bpf/sock.bpf.h"

#define MS_PER_S 1000ull
/* sk_pacing_rate where nothing is paced. */
#define NOT_PACED (~0ul)
/* What sk_user_data carries in its lowest bits (SK_USER_DATA_*). */
#define USER_DATA_FLAGS 7ul

static __always_inline __u64 jiffies_to(__u64 jiffies, __u64 per_second)
{
	return jiffies * per_second / jiffies_hz;
}

/* `then` is as the kernel noted it, in jiffies. It may do so while we read. */
static __always_inline __u32 since_ms(__u32 then)
{
	__s32 past = (__s32)((__u32)bpf_jiffies64() - then);

	return past > 0 ? jiffies_to(past, MS_PER_S) : 0;
}

static __always_inline void read_memory(struct sock *sk, struct ev_extra *e)
{
	e->rmem_bytes = sk->sk_backlog.rmem_alloc.counter;
	e->wmem_bytes = sk->sk_wmem_queued;
	e->forward_bytes = sk->sk_forward_alloc;
	e->rcvbuf = sk->sk_rcvbuf;
	e->sndbuf = sk->sk_sndbuf;
	e->known |= KNOWN_MEMORY;
}

/* The kernel notes these when the handshake is over, and from then on (tcp_finish_connect()). */
static __always_inline void read_since(struct tcp_sock *tp, struct ev_extra *e)
{
	e->since_snd_ms = since_ms(tp->lsndtime);
	e->since_rcv_ms = since_ms(tp->inet_conn.icsk_ack.lrcvtime);
	e->since_ack_ms = since_ms(tp->rcv_tstamp);
	e->known |= KNOWN_SINCE_SND | KNOWN_SINCE_RCV | KNOWN_SINCE_ACK;
}

static __always_inline void read_flight(struct tcp_sock *tp, struct ev_extra *e)
{
	struct inet_connection_sock *icsk = &tp->inet_conn;

	e->packets_out = tp->packets_out;
	e->sacked = tp->sacked_out;
	e->notsent = tp->write_seq - tp->snd_nxt;
	if ((__s32)e->notsent < 0)
		e->notsent = 0;
	e->ca_state = BPF_CORE_READ_BITFIELD(icsk, icsk_ca_state);
	e->probes_out = icsk->icsk_probes_out;
	e->pmtu = icsk->icsk_pmtu_cookie;
	e->rcv_rtt_us = tp->rcv_rtt_est.rtt_us >> 3;
	e->snd_wnd = tp->snd_wnd;
	e->rcv_wnd = tp->rcv_wnd;
	e->max_window = tp->max_window;
	e->nonagle = BPF_CORE_READ_BITFIELD(tp, nonagle);
	e->cwnd_limited = BPF_CORE_READ_BITFIELD(tp, is_cwnd_limited);
	e->soft_error = SK(tp)->sk_err_soft;
	e->known |= KNOWN_FLIGHT | KNOWN_SND_WND | KNOWN_RCV_WND | KNOWN_SENDER;
	if (SK(tp)->sk_pacing_rate == NOT_PACED)
		return;
	e->pacing_rate = SK(tp)->sk_pacing_rate;
	e->known |= KNOWN_PACING;
}

/*
 * A socket in a sockmap has a struct sk_psock, which points back to it. close() takes it out before
 * anything else (sock_map_close()), so of one that has ended it is known only if it was seen before:
 * in a look, or when its peer closed first.
 */
static __always_inline void note_redirection(struct flow *f, struct sock *sk)
{
	struct sk_psock *psock = (void *)((__u64)sk->sk_user_data & ~USER_DATA_FLAGS);

	if (psock && bpf_core_field_exists(psock->sk) && BPF_CORE_READ(psock, sk) == sk)
		f->redirected = 1;
}

static __always_inline void read_redirection(struct flow *f, struct sock *sk, bool last,
					     struct ev_extra *e)
{
	note_redirection(f, sk);
	e->redirected = f->redirected;
	if (f->redirected || !last)
		e->known |= KNOWN_REDIRECTED;
}

/* `e` must be zeroed. `last`: the flow ends. */
static __always_inline void read_levels(struct flow *f, struct tcp_sock *tp, __u8 state, bool last,
					struct ev_extra *e)
{
	read_memory(SK(tp), e);
	if (state == ST_LISTEN)
		return;
	read_flight(tp, e);
	read_redirection(f, SK(tp), last, e);
	if (state != ST_SYN_SENT)
		read_since(tp, e);
}
