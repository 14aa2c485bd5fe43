/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A list of the live flows in an array of our own, beside the storage at their sockets.
 *
 * The kernel's list of storage leads from one to the next, and from each to its socket: three loads
 * that wait for one another, a few hundred nanoseconds a flow. An array of addresses has no such
 * chain: the processor asks memory for many sockets at once. What is at such an address may only be
 * read (see list_look.bpf.h); whatever needs more goes by the storage, as ever.
 *
 * A flow has a place from its beginning to its end. One that finds no room has NO_PLACE, as has a
 * subflow of MPTCP, whose owner stands elsewhere; while there are such, looks go by the storage,
 * and give a place to whom they meet once there is one.
 *
 * Where the kernel lets nobody walk over the storage (want_list_alone), the list has all flows,
 * subflows and listeners too, and what a look has to remember of them.
 */
#pragma once
#include "bpf/sock.bpf.h"

#define NO_PLACE (~0u)

struct listed {
	__u64 sk;   /* address of the struct tcp_sock; 0: the place is free */
	__u64 flow; /* address of its struct flow */
	__u64 id;
	__u64 cookie; /* of the socket; 0: not known yet */
	struct told told;
	__u8 syn; /* that of the flow */
	/* The rest only if there is nothing but the list. */
	__u8 is_listener;
	__u8 subflow;  /* of MPTCP: 1 + the owner's source, as it was told; 0: it is none */
	__u8 stale;    /* so many looks in a row met something else at its address */
	__u32 counted; /* 1: as MARK_COUNTED */
};

/* Likewise, if it is asked for struct ev_extra. */
struct listed_extra {
	__u64 tally;		  /* address of its struct tally; 0: it has none */
	__u8 waiting, redirected; /* see struct flow */
	__u8 pad[2];
	struct causes causes;
};

/* User space says how many. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct listed);
} listed __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct listed_extra);
} listed_extras __weak SEC(".maps");

/* Places that were given back; the last one first, which keeps the list short. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 1);
	__type(value, __u32);
} free_places __weak SEC(".maps");

/* From 1; 0: there is none. */
static __always_inline __u32 take_place(struct snap_control *ctl)
{
	__u32 place = 0;

	if (!bpf_map_pop_elem(&free_places, &place))
		return place;
	if (ctl->places >= ctl->places_max)
		return 0;
	place = __sync_fetch_and_add(&ctl->places, 1) + 1;
	return place <= ctl->places_max ? place : 0;
}

static __always_inline struct listed *listed_at(__u32 place)
{
	__u32 at = place - 1;

	return bpf_map_lookup_elem(&listed, &at);
}

static __always_inline struct listed_extra *listed_extra_at(__u32 place)
{
	__u32 at = place - 1;

	return want_list_alone && want_extra ? bpf_map_lookup_elem(&listed_extras, &at) : 0;
}

static __always_inline bool is_subflow(struct tcp_sock *tp)
{
	return bpf_core_field_exists(tp->is_mptcp) && tp->is_mptcp;
}

#define COOKIE_MASK ((1ull << EV_ID_COOKIE_BITS) - 1)

/* Looks cannot ask a socket for its storage: what they are to find there is made now. */
static __always_inline void fill_extra(__u32 place, struct tcp_sock *tp)
{
	struct listed_extra *more = listed_extra_at(place);

	if (!more)
		return;
	__builtin_memset(more, 0, sizeof(*more));
	if (want_tallies)
		more->tally = (__u64)storage_make(&tallies, SK(tp));
}

/* Give a flow a place, which does not know of it yet. From 1; 0: there is none for it. */
static __always_inline __u32 fill_place(struct snap_control *ctl, const struct flow *f,
					struct tcp_sock *tp, __u64 cookie)
{
	bool subflow = is_subflow(tp);
	__u32 place = subflow && !want_list_alone ? 0 : take_place(ctl);
	struct listed *e = place ? listed_at(place) : 0;

	if (!e)
		return 0;
	if (want_list_alone) {
		e->is_listener = f->phase == PHASE_LISTEN;
		e->subflow = subflow ? 1 + f->ident.owner_source : 0;
		e->stale = 0;
		e->counted = 0;
		fill_extra(place, tp);
	}
	e->told = f->told;
	e->flow = (__u64)f;
	e->id = f->id;
	e->cookie = cookie;
	e->syn = f->syn;
	/* Last: a look may be under way. */
	__sync_lock_test_and_set(&e->sk, (__u64)tp);
	return place;
}

static __always_inline void clear_place(__u32 place)
{
	struct listed *e = listed_at(place);

	if (!e)
		return;
	__sync_lock_test_and_set(&e->sk, 0);
	bpf_map_push_elem(&free_places, &place, BPF_ANY);
}

/* A flow begins; it has its id. */
static __always_inline void list_flow(struct flow *f, struct tcp_sock *tp)
{
	bool is_child = f->ident.role == ROLE_ACCEPT && f->ident.seen == SEEN_OPEN;
	struct snap_control *ctl = control_get();
	__u32 place;

	__builtin_memset(&f->told, 0, sizeof(f->told));
	if (!want_list || !ctl)
		return;
	/* No look asks for it, and those that it asks for keep their places. */
	if (want_list_alone && f->late) {
		f->place = 0;
		return;
	}
	/* Some kernels give a child its request's cookie after they have announced it
	 * (inet_csk_clone_lock()). */
	place = fill_place(ctl, f, tp, is_child ? 0 : f->id & COOKIE_MASK);
	if (!place) {
		place = NO_PLACE;
		__sync_fetch_and_add(&ctl->unlisted, 1);
	}
	f->place = place;
}

/* The handshake of a child is over: it has the cookie that it will keep. */
static __always_inline void list_cookie(const struct flow *f, struct tcp_sock *tp)
{
	struct listed *e = want_list ? listed_at(f->place) : 0;

	if (e && !e->cookie)
		e->cookie = bpf_get_socket_cookie(SK(tp));
}

/* Where there is nothing but the list, looks meet listeners there too, if they are to be told of.
 */
static __always_inline void list_listener(struct flow *f, struct tcp_sock *tp)
{
	struct snap_control *ctl = control_get();

	if (!want_list_alone || !(want_extra || want_handshakes) || !ctl)
		return;
	f->id = bpf_get_socket_cookie(SK(tp));
	f->place = fill_place(ctl, f, tp, f->id);
	if (!f->place)
		__sync_fetch_and_add(&ctl->queues_unlisted, 1);
}

/* Of two that take a flow from its place, one may give the place to others: its end, or
 * drop_stale(). */
static __always_inline bool take_from_place(struct listed *e, __u64 flow)
{
	return flow && __sync_val_compare_and_swap(&e->flow, flow, 0) == flow;
}

static __always_inline bool leave_place(struct flow *f)
{
	struct listed *e = listed_at(f->place);

	return f->place == NO_PLACE || (e && take_from_place(e, (__u64)f));
}

/* It has ended. Once is enough, twice does no harm. */
static __always_inline void unlist_flow(struct flow *f)
{
	struct snap_control *ctl = control_get();
	__u32 place;

	if (!want_list || !ctl)
		return;
	if (want_list_alone && !leave_place(f)) {
		f->place = 0;
		return;
	}
	place = __sync_lock_test_and_set(&f->place, 0);
	if (place == NO_PLACE)
		__sync_fetch_and_add(&ctl->unlisted, -1);
	else if (place)
		clear_place(place);
}

/*
 * It ends: looks are to pass it over from now on. What they noted is still there, until its place
 * is given back.
 */
static __always_inline void hide_flow(struct flow *f)
{
	struct listed *e = want_list_alone ? listed_at(f->place) : 0;
	struct listed_extra *more;

	if (!want_list_alone)
		unlist_flow(f);
	if (!e || e->flow != (__u64)f)
		return;
	__sync_lock_test_and_set(&e->sk, 0);
	more = listed_extra_at(f->place);
	if (more && more->redirected)
		f->redirected = 1;
}

static __always_inline struct told *told_of(struct flow *f)
{
	struct listed *e = want_list ? listed_at(f->place) : 0;

	return e ? &e->told : &f->told;
}

/* A look by the storage meets a flow that has no place: it may end at this moment, or get another owner. */
static __always_inline void list_late(struct snap_control *ctl, struct flow *f, struct tcp_sock *tp)
{
	__u32 place;

	if (!want_list || want_list_alone || f->place != NO_PLACE)
		return;
	place = fill_place(ctl, f, tp, 0);
	if (!place)
		return;
	if (__sync_val_compare_and_swap(&f->place, NO_PLACE, place) != NO_PLACE) {
		clear_place(place);
		return;
	}
	__sync_fetch_and_add(&ctl->unlisted, -1);
	if (!*(volatile __u32 *)&f->told.announced)
		told_of(f)->announced = 0;
}

/* Was it counted as live at the end of the run? Of two that ask at the same moment one is told no.
 */
static __always_inline bool mark_counted(struct flow *f)
{
	struct listed *e = want_list_alone ? listed_at(f->place) : 0;

	return e ? __sync_lock_test_and_set(&e->counted, 1) : mark(f, MARK_COUNTED);
}
