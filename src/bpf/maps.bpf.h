/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The maps and knobs that all BPF programs share. Every definition is weak, so that bpftool merges
 * the copies of the object files into one.
 */
#pragma once
#include "abi/config.h"
#include "abi/event.h"
#include "bpf/kernel.h"

enum flow_phase {
	PHASE_NONE,
	PHASE_LISTEN,	/* a listener: its storage exists only to be inherited by its children */
	PHASE_LIVE,
	PHASE_CLOSED,	/* reported; the socket itself may linger, or be connected again */
};

/* What user space was told of a flow by the last look that met it. */
struct told {
	__u64 received;	 /* bytes_received and write_seq as of the last reported sample */
	__u32 write_seq;
	__u32 announced; /* 1: user space has the ident as it is now */
};

/* What was done about a flow, once: see mark(). */
enum flow_mark {
	MARK_COUNTED = 1,  /* is in the account as live */
	MARK_ADOPTED = 2,  /* somebody is adopting it, or has */
	MARK_CLOSING = 4,  /* it went to CLOSE, perhaps while it was being adopted */
	MARK_ENDED = 8,	   /* its end was reported, or counted as lost */
	MARK_GREETED = 16, /* its handshake was told, or was over before us */
};

/*
 * What we keep in a socket. A child of a listener starts with a copy of the listener's (the map is
 * BPF_F_CLONE), which is how it inherits the owner.
 */
struct flow {
	__u64 id;
	struct told told;	/* if it has no place in the list; see told_of() */
	__u32 place;		/* in the list of flows, from 1; NO_PLACE; 0: it is none */
	__u32 owner_scan;	/* last scan in which the owner was seen to hold the socket */
	__u32 marks;		/* enum flow_mark */
	__u8 phase;
	__u8 syn;		/* 1: bytes_acked counts our SYN, because we connected */
	__u8 reused;		/* how often this socket was connected again */
	__u8 reset_came;	/* 1: a RST ended it */
	/* Two of one byte: the first is set where the flow begins, before anybody looks at it. */
	__u8 late : 1;		/* began after control.frozen: belongs to no account */
	__u8 no_subflow : 1;	/* it is none of an MPTCP connection, and will be none */
	__u8 synack_retrans;	/* SYN/ACKs that were sent again before the socket came to be */
	__u8 soft_error;	/* errno of an ICMP error that came while it connected; 0: none */
	__u8 icmp_type, icmp_code; /* of that */
	__u8 after_cookies;	/* 1: its listener may have answered with a SYN cookie */
	/* Two of one byte: both are set by looks, of which there is one at a time, and at the end. */
	__u8 redirected : 1;	/* it was seen in a sockmap */
	__u8 waiting : 1;	/* as of the last look: data is under way or unread; or it was not read whole */
	__u32 held_by;		/* of the last scan: the process that was met last to hold it */
	__u16 held_scan;	/* number of that scan, its lowest bits; 0: there was none yet */
	__u16 holders;		/* processes that it met */
	struct ev_ident ident;
};

/* With what the kernel adds it fits into 256 bytes, of which there is one for every socket. */
_Static_assert(sizeof(struct flow) <= 184, "the kernel would take 512 bytes");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct flow);
} flows __weak SEC(".maps");

/* What only programs that were asked for can count; a child of a listener starts with nothing. */
struct tally {
	__u64 write_calls, read_calls;
	__u64 in_packets, out_packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tally);
} tallies __weak SEC(".maps");

/* Why segments were sent again, see causes.bpf.h. */
struct causes {
	__u32 segs[CAUSE_COUNT];
	__u32 total;   /* of total_retrans: this many are in segs */
	__u32 met;     /* total_retrans as of the last reading */
	__u32 episode; /* segments sent again since a loss was noticed, until it is repaired */
	__u32 undone;
	__u32 undoable; /* 1: the kernel could have taken the episode back when it last sent */
	__u32 begun;	/* 1: segs and total hold what was sent again before there was storage */
};

/* Only of sockets that sent something again. Children of a listener start with nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct causes);
} causes __weak SEC(".maps");

/*
 * By address of the struct tcp_sock: a timer has no socket that storage could be asked for. User space makes room
 * (DELAYED_ACK_SOCKETS) if they are asked for: the table alone takes 4 MiB.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
} delayed_acks __weak SEC(".maps");

/*
 * Who accepted a socket, by its address: a kprobe is given no more, and the kernel lets nobody ask
 * storage of that. The next socket may have the same address, and is then younger than the note.
 */
struct acceptor {
	__u64 accepted_ns;
	__u32 pid;
	__u32 mntns;
	char comm[16];
	char thread[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ACCEPTORS);
	__type(key, __u64);
	__type(value, struct acceptor);
} acceptors __weak SEC(".maps");

/* Set before the programs are loaded, so that the verifier drops what is not wanted. */
const volatile __u8 want_extra __weak = 0;	/* struct ev_extra, and events of listeners */
const volatile __u8 want_tallies __weak = 0;	/* struct tally */
const volatile __u8 want_causes __weak = 0;	/* causes */
const volatile __u8 want_undo __weak = 0;	/* causes.undone */
const volatile __u8 want_delacks __weak = 0;	/* delayed_acks */
const volatile __u8 want_handshakes __weak = 0; /* how each handshake went ... */
const volatile __u8 want_flows __weak = 1; /* ... if not: a flow is over when its handshake is */
const volatile __u8 want_acceptors __weak = 0;	/* acceptors */
const volatile __u8 want_holders __weak = 0;	/* flow.holders */
const volatile __u8 want_list __weak = 0;	/* listed */
const volatile __u8 want_list_alone __weak = 0; /* ... and looks have nothing else to go by */
const volatile __u32 jiffies_hz __weak = 250;

/* A handshake has a record of its own, beside those of its flow. */
static __always_inline bool tells_handshakes_beside(void)
{
	return want_handshakes && want_flows;
}

/* Of a live flow with these marks: is its handshake told beside it, and was not yet? */
static __always_inline bool is_undecided(__u32 marks)
{
	return tells_handshakes_beside() && !(marks & MARK_GREETED);
}

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES_DEFAULT);
} ring __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_account);
} account __weak SEC(".maps");

struct snap_slot {
	__u64 word[SNAP_SLOT_SIZE / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SNAP_SLOTS);
	__type(key, __u32);
	__type(value, struct snap_slot);
} snap __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct snap_control);
} control __weak SEC(".maps");

/*
 * The storage of a socket, made if there is none. Of two that make a socket's first storage, or the
 * same one, at the same moment, the kernel gives one nothing (bpf_local_storage_update(): EAGAIN,
 * EEXIST): another tcpsight that starts, another CPU. It is there when one asks again.
 * Not inlined: the verifier would walk what comes after it twice.
 */
static __noinline __attribute__((unused)) void *storage_make(void *map, void *sk)
{
	void *made = bpf_sk_storage_get(map, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);

	return made ? made : bpf_sk_storage_get(map, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
}

static __always_inline struct snap_control *control_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&control, &zero);
}

/* Is the run over? */
static __always_inline __u8 frozen(void)
{
	struct snap_control *ctl = control_get();

	return ctl && ctl->frozen;
}

/* Was it marked so before? Of two that ask at the same moment one is told no. */
static __always_inline bool mark(struct flow *f, enum flow_mark what)
{
	return __sync_fetch_and_or(&f->marks, what) & what;
}

/* Atomic, because a program may be interrupted by itself between a load and a store. */
#define ACCOUNT_ADD(field, n)                                                                      \
	do {                                                                                       \
		struct bpf_account *account_ = account_get();                                      \
		if (account_)                                                                      \
			__sync_fetch_and_add(&account_->field, n);                                 \
	} while (0)

static __always_inline struct bpf_account *account_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&account, &zero);
}
