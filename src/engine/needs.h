// SPDX-License-Identifier: BSD-2-Clause
/* What a column, and so whoever shows it, needs to be read. A source is told all that anybody needs. */
#pragma once

enum column_need {
	NEED_EXTRA = 1, /* struct ev_extra */
	NEED_OWNER = 2, /* scans for owners */
	/* Of counters.def: probes that nothing else needs. */
	NEED_CALLS = 4,	   /* each sending and receiving call */
	NEED_PACKETS = 8,  /* each packet */
	NEED_RESETS = 16,  /* each reset sent */
	NEED_DELACKS = 32, /* each kernel timer */
	NEED_HOST = 64,	   /* the host's own counters, each interval */
	NEED_CGROUPS = 128, /* looks into the cgroup tree when it is printed */
	/* Of `peek`. */
	NEED_HANDSHAKES = 256, /* connection requests, queues of listeners */
	/* What not every source or kernel tells. */
	NEED_ERROR = 512, /* the errno that a socket ended with */
	NEED_OOO = 1024,  /* tcp_sock.rcv_ooopack, Linux 5.4 */
	NEED_RTO = 2048,  /* tcp_sock.total_rto, Linux 6.7 */
	NEED_CAUSES = 4096, /* each segment that is sent again */
	NEED_UNDO = 8192,   /* each loss that is noticed or repaired; and with it NEED_CAUSES */
	/* What is wrong with a flow: all that verdicts are made of, as far as the source sees it. */
	NEED_VERDICT = 16384,
	NEED_BARE = 32768,   /* sockets of which the kernel keeps no counters: TIME_WAIT, requests */
	NEED_PRESENT = 65536, /* only what is there now: no edges */
	NEED_ICMP = 131072,   /* ICMP errors that a connecting socket is told of */
	NEED_HOLDERS = 262144, /* who holds a socket beside its owner; and with it NEED_OWNER */
	NEED_LEVELS = 524288,  /* what verdicts on a host are made of, when they are made */
	NEED_LOOKS = 1048576,  /* of all flows, each interval, the bytes alone */
};

/* Of what else packets tell nothing; see struct source_ops. */
#define NEEDS_OF_CAUSES (NEED_CAUSES | NEED_UNDO)
