/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The one record that crosses from a source (BPF, netlink, packets, a recording) to the engine.
 * It is also the layout that the BPF programs write, so it holds fixed-size integers only.
 *
 * A record has three parts. `head` and `count` (64 bytes together) are always there. `time_ns` and
 * `ident` (128 bytes more) are there when head.flags has EV_HAS_IDENT, and `extra` (320 bytes more)
 * when it has EV_HAS_EXTRA too: a reader must not touch a part that the flags do not announce.
 *
 * Byte counters are what the application moved: without SYN, FIN, headers and retransmissions.
 * Ports are in host order. Times are CLOCK_MONOTONIC nanoseconds (in a recording: of its clock).
 */
#pragma once
#include "abi/addr.h"

enum ev_kind {
	EV_OPEN = 1,	/* a flow was seen for the first time; ident is set */
	EV_SAMPLE,	/* the present counters of a live flow */
	EV_CLOSE,	/* the last word on a flow: final counters, owner, end_reason; ident is set */
	EV_TIME,	/* nothing but time_ns: the source's clock went on */
	EV_RESET,	/* a RST was sent; ident has the tuple and netns, id is 0 if no socket sent it;
			 * state is that of the socket, ST_CLOSE after its EV_CLOSE */
	EV_HANDSHAKE,	/* how a handshake went; ident and handshake are set */
	EV_LOOK,	/* every flow that lives now, and does not close, will be told of ... */
	EV_ALL,		/* ... and was. The others have gone without a close: at most error of them.
			 * Of both only time_ns is set */
	EV_LOST,	/* the source can follow a flow no further, and counts it as lost. As EV_CLOSE for
			 * whoever was told of it while it lived; for whoever is told of ends alone, none */
	EV_CUT,		/* a file ends where this flow is still open. For whoever is told of ends alone the
			 * last word on it, as EV_CLOSE; for the others nothing */
	EV_KIND_COUNT
};

enum ev_flag {
	EV_HAS_IDENT = 1,
	EV_HAS_EXTRA = 2,
	EV_BASELINE = 4,	/* these counters predate us: what follows is measured from them */
	EV_HAS_HANDSHAKE = 8,	/* in place of extra */
	EV_RESET_CAME = 16,	/* a RST ended it, which its errno does not always tell */
	EV_UNSENT = 32,		/* not one segment of it was ever sent */
	EV_SOFT_ERROR = 64,	/* error is what ICMP told; its socket did not end by it */
	EV_SAME = 128,		/* of a sample: all is as it was told last, so count is not set */
};

enum ev_role {
	ROLE_UNKNOWN,
	ROLE_CONNECT,
	ROLE_ACCEPT,
	ROLE_LISTEN,
	ROLE_COUNT
};

/* How the owner is known, weakest first. */
enum ev_owner {
	OWNER_NONE,
	OWNER_LISTEN,	/* inherited: whoever called listen() */
	OWNER_CONNECT,	/* called connect() */
	OWNER_ACCEPT,	/* accept() returned the socket to it */
	OWNER_FILES,	/* holds a file descriptor of the socket */
	OWNER_CLOSE,	/* closed it */
	OWNER_COUNT
};

enum ev_end {
	END_NONE,	/* still open */
	END_FIN,
	END_RESET_SENT,
	END_RESET_RECEIVED,
	END_TIMEOUT,
	END_REFUSED,
	END_UNREACHABLE,
	END_ABORTED,
	END_NO_PORT,	/* connect() found no local port that is free towards this peer */
	END_UNKNOWN,	/* it is gone, and its end was shown to nobody */
	END_COUNT
};

/* How a handshake went. */
enum ev_outcome {
	OUTCOME_PENDING,
	OUTCOME_ESTABLISHED,
	OUTCOME_REJECTED,	/* by a RST of the server */
	OUTCOME_ABORTED,	/* by a RST of the client */
	OUTCOME_UNREACHABLE,	/* by ICMP */
	OUTCOME_TIMED_OUT,
	OUTCOME_SUPERSEDED,	/* too many attempts on one tuple at once */
	/* Only the host itself can tell these. */
	OUTCOME_OVERFLOW,	/* acknowledged, but no room in the accept queue until it timed out */
	OUTCOME_GONE,		/* a request that the listener's side gave up before its time */
	OUTCOME_NOT_SENT,	/* connect() failed before its SYN: no port, say */
	OUTCOME_LISTEN_DROP,	/* SYNs and ACKs that a listener dropped: `dropped` of them */
	OUTCOME_COUNT
};

/* Whose handshake: one between two local ends has both. */
enum ev_direction {
	DIRECTION_RX = 1,	/* the server is local */
	DIRECTION_TX = 2,	/* the client is local */
};

enum ev_seen {
	SEEN_OPEN,	/* from its first packet on */
	SEEN_ADOPTED,	/* it was older than the source: its age is not known */
	SEEN_LATE,	/* its beginning was missed, but all its bytes are ours to show */
	SEEN_COUNT
};

/* TCP states, numbered as in the kernel's include/net/tcp_states.h. */
enum tcp_state_number {
	ST_ESTABLISHED = 1,
	ST_SYN_SENT,
	ST_SYN_RECV,
	ST_FIN_WAIT1,
	ST_FIN_WAIT2,
	ST_TIME_WAIT,
	ST_CLOSE,
	ST_CLOSE_WAIT,
	ST_LAST_ACK,
	ST_LISTEN,
	ST_CLOSING,
	ST_NEW_SYN_RECV,
	ST_COUNT
};

#define EV_ID_COOKIE_BITS 56
/* What is read of several hosts at once: which of them, in bits that no cookie and no cgroup reaches. */
#define EV_ID_HOST_SHIFT 52
#define EV_CGROUP_HOST_SHIFT 56
#define UID_UNKNOWN 0xffffffffu

struct ev_head {
	__u64 id;	/* the flow: socket cookie, and above it how often the socket was reused */
	__u8 kind;	/* enum ev_kind */
	__u8 state;	/* enum tcp_state_number; of a closed flow: the last one before CLOSE */
	__u8 flags;	/* enum ev_flag */
	__u8 end_reason;
	__u32 error;	/* errno that the socket ended with, 0 if none */
};

struct ev_count {
	__u64 tx_bytes;		/* written by the application */
	__u64 rx_bytes;		/* received in order */
	__u64 acked_bytes;	/* of tx_bytes: acknowledged by the peer */
	__u64 retrans_bytes;
	__u32 retrans_segs;
	__u32 srtt_us;		/* 0: not measured */
	__u32 min_rtt_us;	/* 0: not measured */
	__u32 pad;
};

struct ev_ident {
	struct addr laddr, raddr;
	__u64 open_ns;		/* SYN sent, or child created; 0: not known */
	__u64 established_ns;	/* 0: never, or not known */
	__u64 cgroup_id;
	__u32 netns;		/* inode number */
	__u32 mntns;		/* of the owner: inode number */
	__u32 pid;		/* thread group of the owner, in the initial PID namespace */
	__u32 handshake_us;	/* 0: not known */
	__u16 lport, rport;
	__u8 family;		/* of the socket: 4 or 6 (a v4-mapped address may sit on a 6); 0: it
				 * was not seen, only packets; then uid and the id tell nothing */
	__u8 role;		/* enum ev_role */
	__u8 owner_source;	/* enum ev_owner */
	__u8 seen;		/* enum ev_seen */
	char comm[16];		/* the process's name, not the thread's */
	char thread[16];
	__u32 ifindex;		/* of a link-local peer, else 0 */
	__u32 uid;	/* or UID_UNKNOWN */
};

/* Why segments were sent again. Their sum is count.retrans_segs. */
enum ev_cause {
	CAUSE_RTO,	  /* the retransmission timer ran out */
	CAUSE_SLOW_START, /* what was lost before a timeout, sent again behind it */
	CAUSE_FAST,	  /* fast retransmit: the peer's (selective) ACKs told of the loss */
	CAUSE_TLP,	  /* tail loss probe (RFC 8985, section 7) */
	CAUSE_SYN,	  /* SYN, or SYN/ACK */
	CAUSE_ZERO_WINDOW, /* timeout after the peer closed its window over data in flight */
	CAUSE_PMTU,	  /* in smaller pieces, because the path takes no larger ones */
	CAUSE_OTHER,	  /* before we came, or none of these */
	CAUSE_COUNT
};

/*
 * Bits of ev_extra.known: of what stands behind it, what this source can see of this socket. A field
 * whose bit is not set is 0, and that is not its value.
 */
enum ev_known {
	KNOWN_MEMORY = 1 << 0,	   /* rmem_bytes, wmem_bytes, forward_bytes, rcvbuf, sndbuf */
	KNOWN_SINCE_SND = 1 << 1,  /* since_snd_ms, and so on */
	KNOWN_SINCE_RCV = 1 << 2,
	KNOWN_SINCE_ACK = 1 << 3,
	KNOWN_SND_WND = 1 << 4,
	KNOWN_RCV_WND = 1 << 5,
	KNOWN_FLIGHT = 1 << 6,	   /* packets_out, sacked, notsent, ca_state, probes_out, pmtu, rcv_rtt_us */
	KNOWN_PACING = 1 << 7,	   /* pacing_rate */
	KNOWN_SENDER = 1 << 8,	   /* max_window, nonagle, cwnd_limited, soft_error */
	KNOWN_CAUSES = 1 << 9,	   /* retrans */
	KNOWN_UNDO = 1 << 10,	   /* undone */
	KNOWN_HOLDERS = 1 << 11,
	KNOWN_REDIRECTED = 1 << 12,
	/*
	 * The other way round: nothing is known but addresses and the timer, as the kernel keeps no
	 * more of a socket in TIME_WAIT, nor of a request that is no socket yet. count is not known.
	 */
	KNOWN_NO_COUNTERS = 1 << 13,
	/*
	 * Likewise, of packets: only retrans, undone, dsack_dups and data_segs_out, all inferred from
	 * sequence numbers and times; KNOWN_AFAR: captured far from their sender.
	 */
	KNOWN_PACKETS = 1 << 14,
	KNOWN_AFAR = 1 << 15,
};

/* More that struct tcp_sock holds; sent only when a column asks for it. */
struct ev_extra {
	__u64 delivery_rate;	/* bytes a second, tcp_rate.c; 0: not measured */
	__u64 busy_us, rwnd_limited_us, sndbuf_limited_us;	/* tcp_sock.chrono_stat */
	__u32 segs_in, segs_out, data_segs_in, data_segs_out;
	__u32 rttvar_us, cwnd, ssthresh, mss;
	__u32 reordering, reord_seen, dsack_dups, ooo_packets;
	__u32 rto_us, rto_total, rto_time_ms, lost;
	__u32 delivered, delivered_ce, send_queue, receive_queue;
	__u32 backlog, backlog_max, drops, timer_ms;
	__u8 timer;	/* 0 none 1 retransmit 2 keepalive/probe 4 zero window, as inet_diag */
	__u8 retransmits, backoff, app_limited;
	__u8 ecn;	/* negotiated */
	__u8 synack_retrans;	/* of count.retrans_segs: SYN/ACKs, which segs_out has not got */
	__u8 synack_limit;	/* of a listener: a request is given up after so many timeouts */
	__u8 defer_accept;	/* of a listener: timeouts that pass in silence (TCP_DEFER_ACCEPT) */
	char congestion[16];
	/* Counted only if their probes are loaded. */
	__u64 write_calls, read_calls;	/* that moved something */
	__u64 in_packets, out_packets;	/* at the IP layer, as the stack handles them */
	__u64 delayed_acks;
	/* What follows is seen by some sources only. */
	__u32 known;			/* enum ev_known */
	__u32 rmem_bytes, wmem_bytes;	/* memory of the queues, overhead included: sk_rmem_alloc,
					 * sk_wmem_queued */
	__u32 forward_bytes;		/* reserved for the socket, not used yet */
	__u32 rcvbuf, sndbuf;		/* limits of rmem_bytes and wmem_bytes */
	__u32 since_snd_ms, since_rcv_ms; /* since payload went or came; before any: the handshake */
	__u32 since_ack_ms;		/* since an ACK came */
	__u32 snd_wnd, rcv_wnd;		/* bytes: windows, the peer's and ours, scaled */
	__u32 max_window;		/* bytes: the largest that the peer ever offered */
	__u32 packets_out, sacked;	/* segments: sent and not acknowledged, of them: SACKed */
	__u32 notsent;			/* bytes: written, and never sent */
	__u32 pmtu;			/* bytes */
	__u32 rcv_rtt_us;		/* as the receiver estimates it */
	__u32 retrans[CAUSE_COUNT];	/* segments; of a listener CAUSE_SYN: SYN/ACKs of all its
					 * requests, those that became sockets included */
	__u32 undone;			/* segments: of episodes that the kernel took back */
	__u32 holders;			/* processes that have a file of the socket */
	__u8 reset_ttl, peer_ttl;	/* of packets: TTL of the RST that came, and of what its sender
					 * sends else; 0: not known, or several */
	__u16 pad;
	__u64 pacing_rate;		/* bytes a second */
	__u8 ca_state;			/* enum tcp_ca_state: 0 open 1 disorder 2 cwr 3 recovery 4 loss */
	__u8 probes_out;		/* zero window and keep-alive probes without an answer */
	__u8 nonagle;			/* 0: Nagle's algorithm is on; 1 off, 2 corked, 4 pushed */
	__u8 cwnd_limited;		/* the congestion window was full when it sent last */
	__u8 soft_error;		/* errno of an ICMP error that has not ended it: sk_err_soft */
	__u8 redirected;		/* is in a sockmap: payload may pass TCP by */
	__u8 icmp_type, icmp_code;	/* of soft_error, if an ICMP error told it: else both 0 */
};

/* Of EV_HANDSHAKE. ident is that of the local end, of two local ones of the client. */
struct ev_handshake {
	__u64 first_ns;		/* first segment, 0: not known; time_ns: when it was decided */
	__u32 dup_syn, dup_syn_ack;
	__u8 outcome;		/* enum ev_outcome */
	__u8 directions;	/* enum ev_direction */
	__u8 retry;		/* 1: its SYN was there before, in a handshake that failed */
	__u8 pad;
	__u32 dropped;		/* of OUTCOME_LISTEN_DROP */
	char conn_state[8];	/* Zeek's word */
	char icmp[44];		/* name of the ICMP error that was met, if any */
	__u8 icmp_type, icmp_code; /* from BPF, which knows no names; 0 and 0: none */
	__u8 reset_ttl, peer_ttl;  /* as those of struct ev_extra */
};

struct event {
	struct ev_head head;
	struct ev_count count;
	__u64 time_ns;
	struct ev_ident ident;
	union {
		struct ev_extra extra;
		struct ev_handshake handshake;
	};
};

_Static_assert(sizeof(struct ev_head) == 16, "layout shared with BPF");
_Static_assert(sizeof(struct ev_count) == 48, "layout shared with BPF");
_Static_assert(sizeof(struct ev_ident) == 120, "layout shared with BPF");
_Static_assert(sizeof(struct ev_extra) == 320, "layout shared with BPF");
_Static_assert(sizeof(struct ev_handshake) == 80, "fits where extra does");
_Static_assert(sizeof(struct event) == 512, "layout shared with BPF");

#define EV_SIZE_COUNT 64	/* head and count */
#define EV_SIZE_IDENT 192	/* and ident */
#define EV_SIZE_HANDSHAKE 272	/* and handshake */
#define EV_SIZE_EXTRA 512	/* and extra */

/* How long an event is: with the parts that its flags announce. */
static inline __u64 ev_size(const struct event *ev)
{
	if (!(ev->head.flags & EV_HAS_IDENT))
		return EV_SIZE_COUNT;
	if (ev->head.flags & EV_HAS_EXTRA)
		return EV_SIZE_EXTRA;
	return ev->head.flags & EV_HAS_HANDSHAKE ? EV_SIZE_HANDSHAKE : EV_SIZE_IDENT;
}
