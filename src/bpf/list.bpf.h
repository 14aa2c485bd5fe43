/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A list of the live flows in an array of our own, beside the storage at their sockets.
 *
 * The kernel's list of storage leads from one to the next, and from each to its socket: three loads that
 * wait for one another, a few hundred nanoseconds a flow. An array of addresses has no such chain: the
 * processor asks memory for many sockets at once. What is at such an address may only be read (see
 * listed.bpf.c); whatever needs more goes by the storage, as ever.
 *
 * A flow has a place from its beginning to its end. One that finds no room has NO_PLACE, as has a
 * subflow of MPTCP, whose owner stands elsewhere; while there are such, looks go by the storage, and
 * give a place to whom they meet once there is one.
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
	__u32 syn; /* that of the flow */
	__u32 pad;
};

/* User space says how many. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct listed);
} listed __weak SEC(".maps");

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

static __always_inline bool is_subflow(struct tcp_sock *tp)
{
	return bpf_core_field_exists(tp->is_mptcp) && tp->is_mptcp;
}

#define COOKIE_MASK ((1ull << EV_ID_COOKIE_BITS) - 1)

/* Give a flow a place, which does not know of it yet. From 1; 0: there is none for it. */
static __always_inline __u32 fill_place(struct snap_control *ctl, const struct flow *f,
					struct tcp_sock *tp, __u64 cookie)
{
	__u32 place = is_subflow(tp) ? 0 : take_place(ctl);
	struct listed *e = place ? listed_at(place) : 0;

	if (!e)
		return 0;
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
	/* Some kernels give a child its request's cookie after they have announced it (inet_csk_clone_lock()). */
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

/* It has ended. Once is enough, twice does no harm. */
static __always_inline void unlist_flow(struct flow *f)
{
	struct snap_control *ctl = control_get();
	__u32 place;

	if (!want_list || !ctl)
		return;
	place = __sync_lock_test_and_set(&f->place, 0);
	if (place == NO_PLACE)
		__sync_fetch_and_add(&ctl->unlisted, -1);
	else if (place)
		clear_place(place);
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

	if (!want_list || f->place != NO_PLACE)
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
