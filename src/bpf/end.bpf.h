/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Why a flow ended. */
#pragma once
#include "bpf/sock.bpf.h"

/*
 * Why it ended. The kernel sets sk_err before it leaves for CLOSE wherever the cause came from
 * outside (tcp_reset(), tcp_write_err(), tcp_v4_err()); close() and SO_LINGER leave it 0.
 */
static __always_inline __u8 end_reason(__u8 old, int err)
{
	switch (err) {
	case 0:
		break;
	case ECONNREFUSED_:
		return END_REFUSED;
	case ETIMEDOUT_:
		return END_TIMEOUT;
	case ECONNRESET_:
	case EPIPE_:
		return END_RESET_RECEIVED;
	case ECONNABORTED_:
		return END_ABORTED;
	case EADDRNOTAVAIL_:
		return END_NO_PORT;
	default:
		return END_UNREACHABLE;
	}
	switch (old) {
	case ST_SYN_SENT:
	case ST_SYN_RECV:
		return END_ABORTED;
	case ST_ESTABLISHED:
	case ST_CLOSE_WAIT:
	case ST_FIN_WAIT1:
		return END_RESET_SENT;
	default:
		return END_FIN;
	}
}

/*
 * connect() changes the state before it looks for a port (inet_hash_connect()), and back if it finds
 * none. It chooses the first sequence number behind that: one that it did not choose, or a port that
 * is none, says that it got no further. A socket that was connected before has both from then.
 */
static __always_inline bool found_no_port(const struct flow *f, struct tcp_sock *tp)
{
	if (tp->segs_out || SK(tp)->sk_shutdown == SHUTDOWN_BOTH)
		return false;
	return !tp->inet_conn.icsk_inet.inet_sport || !tp->write_seq || f->reused;
}

/*
 * The errno that it ended with, and whether ICMP alone told it. An error that comes while connect()
 * holds the socket is only noted, for the client that asks for it (SO_ERROR); its socket ends when
 * it is closed. Then it was not given up, but refused.
 */
static __always_inline __u32 end_error(const struct flow *f, struct tcp_sock *tp, __u8 old,
				       bool *ret_soft)
{
	struct sock *sk = SK(tp);

	*ret_soft = false;
	/* Before its errno: a socket that was disconnected has one from then. */
	if (old == ST_SYN_SENT && found_no_port(f, tp))
		return EADDRNOTAVAIL_;
	if (sk->sk_err || old != ST_SYN_SENT)
		return sk->sk_err;
	*ret_soft = f->soft_error || sk->sk_err_soft;
	return f->soft_error ? f->soft_error : sk->sk_err_soft;
}
