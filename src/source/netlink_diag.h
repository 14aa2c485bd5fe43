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
	uint32_t ifindex, uid, inode;
	uint32_t receive_queue; /* received, and not read: rcv_nxt - copied_seq */
	uint32_t send_queue;	/* written, and not acknowledged: write_seq - snd_una */
	uint64_t cgroup_id;	/* 0: not told */
	struct tcp_info info;
};

/* States of a dump, as a mask of 1 << enum tcp_state_number. */
#define DIAG_LISTENERS (1u << ST_LISTEN)
#define DIAG_FLOWS                                                                            \
	(1u << ST_ESTABLISHED | 1u << ST_SYN_SENT | 1u << ST_FIN_WAIT1 | 1u << ST_FIN_WAIT2 | \
	 1u << ST_CLOSE_WAIT | 1u << ST_LAST_ACK | 1u << ST_CLOSING)

/* Enough for any request of ours. */
#define DIAG_REQUEST_BYTES 65536

/*
 * Ask for all sockets of a family (4 or 6) in one of `states`; `code` is a program of
 * source/netlink_code.h, or NULL for no filter. Built in `buffer` of DIAG_REQUEST_BYTES.
 */
struct nlmsghdr *diag_request_dump(void *buffer, uint8_t family, uint32_t states, const void *code,
				   size_t code_bytes);

/* Ask for the one socket that has the tuple of `d` now, whatever its state. */
struct nlmsghdr *diag_request_tuple(void *buffer, const struct diag *d);

/* Take an answer or a notice apart. False if it is not about a TCP socket. */
bool diag_parse(const struct nlmsghdr *message, struct diag *ret);
