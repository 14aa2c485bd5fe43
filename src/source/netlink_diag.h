// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the kernel says of one socket over NETLINK_SOCK_DIAG: requests are built and answers taken
 * apart here, and nowhere else.
 */
#pragma once
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

struct diag {
	uint64_t cookie;
	struct addr laddr, raddr;
	uint16_t lport, rport;
	uint8_t family; /* 4 or 6 */
	uint8_t state;	/* enum tcp_state_number; ST_CLOSE in a notice of destruction */
	bool has_info;	/* false: a socket without counters, such as one in TIME_WAIT */
	uint8_t timer;	/* as in struct ev_extra */
	uint8_t retransmits; /* timeouts in a row; only of sockets without counters it is looked at */
	uint32_t timer_ms;
	uint32_t ifindex, uid, inode;
	uint32_t receive_queue; /* received, and not read: rcv_nxt - copied_seq */
	uint32_t send_queue;	/* written, and not acknowledged: write_seq - snd_una */
	uint64_t cgroup_id;	/* 0: not told */
	char congestion[16];	/* if DIAG_ASK_CONGESTION */
	bool has_memory;	/* if DIAG_ASK_MEMORY: what follows is told, as in struct ev_extra */
	uint32_t rmem_bytes, wmem_bytes, forward_bytes, rcvbuf, sndbuf;
	uint32_t drops;		/* packets that the socket threw away */
	bool has_snd_wnd, has_rcv_wnd; /* does this kernel tell them? */
	uint32_t rcv_wnd;
	uint16_t rto_total;	/* timeouts, and the time spent in recovery from them */
	uint32_t rto_time_ms;
	struct tcp_info info;
};

/* How long struct tcp_info is at least if the kernel counts these. */
#define DIAG_INFO_OOO_BYTES (offsetof(struct tcp_info, tcpi_rcv_ooopack) + 4)
#define DIAG_INFO_RTO_BYTES 248

/* What a dump tells beside addresses, state and counters; it costs the kernel and us. */
enum diag_ask {
	DIAG_ASK_CONGESTION = 1,
	DIAG_ASK_MEMORY = 2,
};

/* States of a dump, as a mask of 1 << enum tcp_state_number. */
#define DIAG_LISTENERS (1u << ST_LISTEN)
#define DIAG_FLOWS                                                                            \
	(1u << ST_ESTABLISHED | 1u << ST_SYN_SENT | 1u << ST_FIN_WAIT1 | 1u << ST_FIN_WAIT2 | \
	 1u << ST_CLOSE_WAIT | 1u << ST_LAST_ACK | 1u << ST_CLOSING)

/* Enough for any request of ours. */
#define DIAG_REQUEST_BYTES 65536

/* Which sockets to list, and what to tell of them. */
struct diag_query {
	uint8_t family;	 /* 4 or 6 */
	uint8_t ask;	 /* enum diag_ask */
	uint32_t states; /* any of these */
	const void *code; /* a program of source/netlink_code.h, or NULL for no filter */
	size_t code_bytes;
};

/* Built in `buffer` of DIAG_REQUEST_BYTES. */
struct nlmsghdr *diag_request_dump(void *buffer, const struct diag_query *query);

/* Ask for the one socket that has the tuple of `d` now, whatever its state. */
struct nlmsghdr *diag_request_tuple(void *buffer, const struct diag *d);

/* Take an answer or a notice apart. False if it is not about a TCP socket. */
bool diag_parse(const struct nlmsghdr *message, struct diag *ret);
