/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What user space and the BPF programs agree on besides events: counters, the mailbox of a
 * snapshot, and the sizes of the maps.
 */
#pragma once
#include <linux/types.h>

/* One slot holds the first part of an event (EV_SIZE_COUNT); longer events take more of them. */
#define SNAP_SLOT_SIZE 64
#define SNAP_SLOTS 16384
/* The longest event, in slots. */
#define SNAP_SLOTS_MAX 8

/* So many places of the list of flows are looked at in one call of the program. */
#define LIST_PART 4096
/* The list has room for so many, or twice as many as there are at the start; --max-flows bounds it. */
#define LIST_PLACES 16384

#define DELAYED_ACK_SOCKETS 262144
#define NETWORK_NAMESPACES_MAX 16384
#define DISCARDS_MAX 16384
/* Accepted sockets whose owner waits to be taken over; beyond that the oldest are forgotten. */
#define ACCEPTORS 65536
/* MPTCP connections whose owner is known; of more, subflows that the kernel opens have none. */
#define MPTCP_CONNECTIONS 16384
#define RING_BYTES_DEFAULT (4u << 20)

/* Kept per CPU by the BPF programs; opened + adopted = closed + live + lost. */
struct bpf_account {
	__u64 opened;		/* flows whose beginning was seen */
	__u64 adopted;		/* flows that were there before us */
	__u64 closed;		/* flows whose close record reached the ring */
	__u64 lost_ring;	/* flows whose close record found the ring full */
	__u64 lost_memory;	/* flows that could not get their storage */
	__u64 lost_tx_bytes;	/* what the flows of lost_ring had moved */
	__u64 lost_rx_bytes;
	__u64 ended_late; /* flows that were live when control.frozen was set, and ended before
			     they were counted */
	__u64 nested;	  /* state changes that were left to on_state_nested() */
	__u64 lost_edges; /* other events that found the ring full */
	__u64 lost_requests; /* that found no room in the map, or gave theirs to a later one */
	/* Of handshakes that are told beside flows; else a flow is one. */
	__u64 handshakes_opened, handshakes_adopted, handshakes_closed, handshakes_lost;
	__u64 handshakes_late; /* of ended_late, those that were undecided */
	__u64 handled_sock; /* the last state change that on_state() began with on this CPU */
	__u32 handled_change;
	__u32 pad;
};

/* Shared with the iterators through one mmapped map. */
struct snap_control {
	__u32 used;		/* slots written since user space last emptied the buffer */
	__u32 all;		/* 1: also flows whose counters did not change */
	__u32 each;		/* 1: likewise, but of those with nothing under way only that they are there */
	__u32 plain;		/* 1: nobody who is told now needs struct ev_extra, or listeners */
	__u32 silent;		/* 1: adopt without an event */
	__u32 listeners_only;	/* 1: adopt no flows yet, only what new ones will inherit from */
	__u32 owner_pass;	/* of the owner iterator: 1 confirm, 2 assign; 0: it does not run */
	__u32 owner_scan;	/* number of the present scan, never 0 */
	__u32 owner_unsure;	/* found by pass 1: flows whose owner no longer holds them */
	__u32 live;		/* flows met by the last snapshot, changed or not */
	__u32 frozen;		/* 1: the run is over; count what was live at this moment */
	__u32 undecided;	/* of those that were counted then: handshakes that are told beside flows */
	__u32 self;		/* our own thread group, in the initial PID namespace */
	__u32 idle;		/* 1: user space sleeps and wants to be woken by the next event */
	__u32 turns, turn;	/* of flows that moved, one in so many is read whole this time, and which;
				 * 0: all of them are */
	__u32 stalls;		/* 1: also flows of which something waits, though no count changed */
	__u32 moved;		/* flows that this look met with news, or for whom something waits */
	__u32 places;		/* in the list of flows that were ever taken, from its beginning */
	__u32 places_max;	/* that there are */
	__u32 unlisted;		/* live flows that have none */
	__u32 next;		/* place at which a look by the list is to go on; 0: it is through */
	__u32 queues;		/* 1: a look by the list is for listeners alone */
	__u32 queues_unlisted;	/* listeners that ever found no place in it, though looks are to meet them */
	__u64 watched;		/* id of a flow that is always read whole; 0: none */
	__u64 socket_ops;	/* address of what all files of sockets point to; 0: none was met yet */
	__u64 files_sum;	/* by sum_files(): who has which file of a socket; 0: not known */
};
