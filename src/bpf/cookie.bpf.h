/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * SYN cookies: nobody remembers when the SYN/ACK left that a cookie was in, so the time of such a
 * handshake is not known. What the kernel takes for its first round trip is read from the time stamp
 * option, in whole milliseconds, whose lowest bits hold the cookie's options
 * (cookie_init_timestamp()): it may be wrong by 64 ms.
 */
#pragma once
#include "bpf/sock.bpf.h"

/* Cookies are taken for two of these (TCP_SYNCOOKIE_VALID). */
#define COOKIE_PERIOD_S 60
#define US_PER_MS 1000

/*
 * For a child that was just cloned, and is a copy of its listener still: did that one send cookies of
 * late (tcp_synq_overflow())? Listeners that share a port keep it together, where we cannot look.
 */
static __always_inline bool may_be_after_cookies(struct tcp_sock *tp)
{
	__u32 sent = tp->rx_opt.ts_recent_stamp;

	if (BPF_CORE_READ_BITFIELD(&SK(tp)->__sk_common, skc_reuseport))
		return true;
	return sent && (__u32)bpf_jiffies64() - sent <= 2 * COOKIE_PERIOD_S * jiffies_hz;
}

/*
 * The first round trip of a child, that of SYN/ACK and ACK (tcp_synack_rtt_meas()); 0: not known. That
 * of a SYN/ACK that was sent again is in whole milliseconds too.
 */
static __always_inline __u32 synack_rtt_us(const struct flow *f, struct tcp_sock *tp)
{
	__u32 rtt_us = tp->srtt_us >> 3;

	return f->after_cookies && !tp->total_retrans && rtt_us % US_PER_MS == 0 ? 0 : rtt_us;
}
