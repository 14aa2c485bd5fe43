/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A connection request of somebody else that a listener of ours answered with SYN/ACK and that is
 * not a socket yet. The kernel announces neither its end nor most of its life, so the BPF programs
 * note what they see, and user space draws the conclusion when its next timeout was due.
 */
#pragma once
#include "abi/addr.h"

struct request_key {
	struct addr laddr, raddr;
	__u32 netns; /* inode number */
	__u16 lport, rport;
};

struct request {
	__u64 first_ns;	  /* its SYN came; where that cannot be seen: the first SYN/ACK went */
	__u64 last_ns;	  /* the last that was seen of it */
	__u64 expires_ns; /* when its timer runs out: it is sent again then, or it is no more */
	__u64 reset_ns;	  /* a RST for it came in, 0: none */
	__u64 listener;	  /* cookie, 0: not known */
	__u32 dup_syn;
	__u32 dup_syn_ack; /* those that answered a repeated SYN too */
	__u8 timeouts;	   /* of its timer, so far */
	__u8 acked;	   /* the client's ACK came, and the accept queue was full */
	__u8 family;	   /* of the listener's socket: 4 or 6 */
	__u8 pad[5];
};

/* What the ring holds when another request takes the place of one that has ended by then. */
struct ended_request {
	struct request_key key;
	struct request request;
};

/*
 * Where segments of requests were discarded, each of which its listener counts as a drop too: to be
 * taken off, so that what the listener itself refused remains.
 */
struct discard_key {
	struct addr laddr;
	__u32 netns;
	__u32 lport;
};

_Static_assert(sizeof(struct discard_key) == 24, "layout shared with BPF");
_Static_assert(sizeof(struct request_key) == 40, "layout shared with BPF");
_Static_assert(sizeof(struct request) == 56, "layout shared with BPF");
