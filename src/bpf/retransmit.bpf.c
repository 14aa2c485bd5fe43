// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Why a segment is sent again, asked at the moment when it is: once per retransmission, never for a
 * segment that is sent for the first time. Loaded only if a column needs it.
 */
#include "bpf/causes.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* enum tcp_ca_state (include/uapi/linux/tcp.h): of this and above a loss is being repaired. */
#define CA_RECOVERY 3
#define CA_LOSS 4
/* icsk_pending (include/net/inet_connection_sock.h). */
#define TIMER_LOSS_PROBE 5
/* tcp_skb_cb.sacked (include/net/tcp.h): it has been sent again; it is held to be lost. */
#define SACKED_RETRANS 2
#define SACKED_LOST 4

/* Data of a Fast Open that the server did not take goes again as soon as the SYN/ACK is here. */
static __always_inline bool is_refused_syn_data(struct tcp_sock *tp)
{
	return BPF_CORE_READ_BITFIELD(tp, syn_data) &&
	       !BPF_CORE_READ_BITFIELD(tp, syn_data_acked) && tp->bytes_acked <= 1;
}

/*
 * A probe is pending when the timer sends it, but may as well be while a recovery goes on: that
 * sends what is held to be lost, and was not sent since (tcp_xmit_retransmit_queue()); a probe is
 * the last that was sent, whatever became of it (tcp_send_loss_probe()).
 */
static __always_inline bool is_probe(struct inet_connection_sock *icsk, struct sk_buff *skb)
{
	__u8 sacked;

	if (icsk->icsk_pending != TIMER_LOSS_PROBE || !skb)
		return false;
	sacked = BPF_CORE_READ((struct tcp_skb_cb *)skb->cb, sacked);
	return (sacked & (SACKED_LOST | SACKED_RETRANS)) != SACKED_LOST;
}

/*
 * The timer's handler takes the timer off before it sends (tcp_retransmit_timer()); whoever else
 * repairs a loss finds it set. Smaller pieces are sent as if all were lost, but with nothing to
 * take back and no timeout (tcp_simple_retransmit()).
 */
static __always_inline enum ev_cause cause_of(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct inet_connection_sock *icsk = &tp->inet_conn;
	__u8 congestion = BPF_CORE_READ_BITFIELD(icsk, icsk_ca_state);
	__u8 state = SK(tp)->__sk_common.skc_state;

	if (state == ST_SYN_SENT || state == ST_SYN_RECV)
		return CAUSE_SYN;
	if (congestion >= CA_RECOVERY && is_probe(icsk, skb))
		return CAUSE_TLP;
	if (congestion == CA_RECOVERY)
		return CAUSE_FAST;
	if (congestion == CA_LOSS) {
		if (!icsk->icsk_pending)
			return tp->snd_wnd ? CAUSE_RTO : CAUSE_ZERO_WINDOW;
		if (tp->undo_marker || icsk->icsk_retransmits)
			return CAUSE_SLOW_START;
		return is_refused_syn_data(tp) ? CAUSE_OTHER : CAUSE_PMTU;
	}
	return icsk->icsk_pending == TIMER_LOSS_PROBE ? CAUSE_TLP : CAUSE_OTHER;
}

/* The less of two; the first is 0 if it is not known. */
__noinline __u32 least_known(__u32 a, __u32 b)
{
	return a && a < b ? a : b;
}

static __always_inline void count_retransmit(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct flow *f = tp ? bpf_sk_storage_get(&flows, SK(tp), 0, 0) : 0;
	__u32 total, segs, now = 0, cause;
	struct causes *c;

	/* One that is older than us is adopted soon, with all that it has sent again by then. */
	if (!f || f->phase != PHASE_LIVE)
		return;
	c = causes_make(f, tp, false);
	if (!c)
		return;
	/* A socket is locked while it sends. */
	total = tp->total_retrans;
	segs = total - __sync_lock_test_and_set(&c->total, total);
	if (!segs)
		return;
	/*
	 * What else is new in the kernel's count it did not announce: that never left this machine
	 * (before Linux 6.18), or it ran no program then.
	 */
	if (bpf_core_field_exists(struct tcp_skb_cb, tcp_gso_segs))
		now = BPF_CORE_READ((struct tcp_skb_cb *)skb->cb, tcp_gso_segs);
	now = least_known(now, segs);
	/* A reading may add to it at the same moment (causes_settle()). */
	__sync_fetch_and_add(&c->segs[CAUSE_OTHER], segs - now);
	cause = cause_of(tp, skb);
	if (cause < CAUSE_COUNT)
		c->segs[cause] += now;
	if (!want_undo)
		return;
	/* Taken back since, but the repair goes on: without SACK (tcp_try_undo_loss()). */
	if (causes_taken_back(c, tp)) {
		c->undone += c->episode;
		c->episode = 0;
	}
	c->episode += segs;
	c->undoable = tp->undo_marker != 0;
}

SEC("?tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_retransmit, struct sock *sk, struct sk_buff *skb)
{
	count_retransmit(sk, skb);
	return 0;
}

/*
 * The kernel does not run a program that it interrupts, see on_state_nested(). What the first has
 * counted is not new to the second.
 */
SEC("?tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_retransmit_nested, struct sock *sk, struct sk_buff *skb)
{
	count_retransmit(sk, skb);
	return 0;
}

/*
 * Of a request it counts for the listener, as nobody knows yet whether it will come to be a socket;
 * the child of a Fast Open is one already.
 */
SEC("?tp_btf/tcp_retransmit_synack")
int BPF_PROG(on_synack_again, struct sock *sk, struct request_sock *req)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct causes *c;

	if (!tp)
		return 0;
	if (SK(tp)->__sk_common.skc_state != ST_LISTEN) {
		count_retransmit(sk, 0);
		return 0;
	}
	c = causes_of_sock(tp, true);
	if (c)
		__sync_fetch_and_add(&c->segs[CAUSE_SYN], 1);
	return 0;
}

/*
 * A loss is noticed, or repaired. Smaller pieces (see cause_of()) may be sent within a repair: they
 * begin anew, with nothing to take back.
 */
SEC("?tp_btf/tcp_cong_state_set")
int BPF_PROG(on_congestion, struct sock *sk, __u8 now)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct causes *c;
	__u8 then;

	if (!tp)
		return 0;
	then = BPF_CORE_READ_BITFIELD(&tp->inet_conn, icsk_ca_state);
	if (then < CA_RECOVERY ? now < CA_RECOVERY : now >= CA_RECOVERY && tp->undo_marker)
		return 0;
	c = causes_of_sock(tp, false);
	if (!c)
		return 0;
	if (now < CA_RECOVERY && causes_taken_back(c, tp))
		c->undone += c->episode;
	c->episode = 0;
	c->undoable = 0;
	return 0;
}
