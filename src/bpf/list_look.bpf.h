/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A look by the list of flows (list.bpf.h): for whoever asks for bytes alone, of whom it takes a
 * fraction of what the storage takes; or for everybody, where the kernel lets nobody walk over the
 * storage.
 *
 * What stands at a listed address is a socket, or was one: a socket whose end was shown to no
 * program stays listed. Reading from it does no harm (bpf_rdonly_cast(): what cannot be read is 0),
 * but it may be another socket by now, so nothing is told of one whose cookie is not that of the
 * flow's.
 */
#pragma once
#include "bpf/list.bpf.h"
#include "bpf/look.bpf.h"
#include "bpf/mptcp.bpf.h"

/* A place whose socket so many looks did not find is given away: nobody will say that it ended. */
#define STALE_LOOKS 32

/* A flow as a look found it; the one at the socket may not be written to. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow);
} looked_at SEC(".maps");

static __always_inline bool is_socket_of(struct tcp_sock *tp, __u64 cookie)
{
	return !cookie || (__u64)SK(tp)->__sk_common.skc_cookie.counter == cookie;
}

/* If it is still the flow's, and open, all that was read of it was. */
static __always_inline bool is_still(const struct listed *e, struct tcp_sock *tp, __u64 sk)
{
	return *(const volatile __u64 *)&e->sk == sk && is_socket_of(tp, e->cookie) &&
	       *(volatile __u8 *)&SK(tp)->__sk_common.skc_state != ST_CLOSE;
}

/* As tell_flow() does. `ident` is that of the flow's storage, which lives as long as its socket. */
static __always_inline __u8 read_news(struct listed *e, struct tcp_sock *tp, __u8 state,
				      struct ev_ident *ident)
{
	struct flow *f = (void *)e->flow;

	/* Before it is read: whoever changes it from now on says so. */
	if (state != ST_SYN_SENT)
		__sync_lock_test_and_set(&e->told.announced, 1);
	if (bpf_probe_read_kernel(ident, sizeof(*ident), &f->ident))
		return 0;
	read_tuple(tp, ident);
	/* A connecting socket may not have its port yet: tell again. */
	if (!ident->lport)
		e->told.announced = 0;
	return EV_HAS_IDENT;
}

/* Of a flow that has its storage besides, the bytes. */
static __always_inline void tell_bytes(struct snap_control *ctl, struct listed *e,
				       struct tcp_sock *tp, __u64 sk, __u8 state)
{
	__u64 received = tp->bytes_received;
	__u32 write_seq = tp->write_seq;
	struct ev_ident ident;
	struct ev_count c;
	__u8 flags = 0;

	read_count(tp, state, e->syn, &c);
	if (!e->told.announced)
		flags = read_news(e, tp, state, &ident);
	if (!is_still(e, tp, sk))
		return;
	ctl->live++;
	ctl->moved++;
	e->told.received = received;
	e->told.write_seq = write_seq;
	if (put_count(ctl, e->id, state, &c, EV_SAMPLE, flags) && flags)
		put_ident(ctl, &ident);
}

/* The storage of the flow at this place, as it is now. NULL: it is another's, or it is not ready
 * yet. */
static __always_inline struct flow *read_flow(const struct listed *e, __u32 place)
{
	__u32 zero = 0;
	struct flow *f = bpf_map_lookup_elem(&looked_at, &zero);

	if (!f || bpf_probe_read_kernel(f, sizeof(*f), (void *)e->flow) || f->id != e->id ||
	    f->place != place || (f->phase != PHASE_LIVE && f->phase != PHASE_LISTEN))
		return 0;
	return f;
}

/* Of the flow at this place. Its storage may be given back, but not before this program has ended. */
static __always_inline __u32 marks_of(const struct listed *e)
{
	__u32 marks = 0;

	bpf_probe_read_kernel(&marks, sizeof(marks), &((struct flow *)e->flow)->marks);
	return marks;
}

/* All that sample() does, of a flow of which there is nothing but what the list leads to. */
static __always_inline void tell_listed(struct snap_control *ctl, struct listed *e, __u32 place,
					struct tcp_sock *tp, __u64 sk, __u8 state)
{
	struct listed_extra *more = listed_extra_at(place);
	__u32 used = ctl->used, moved = ctl->moved;
	struct told told = e->told;
	struct flow *f;

	/* Before it is read: whoever changes it from now on says so. */
	told.announced = __sync_lock_test_and_set(&e->told.announced, 1);
	f = read_flow(e, place);
	if (!f) {
		e->told.announced = 0;
		ctl->live += !e->is_listener && ctl->frozen;
		return;
	}
	if (more) {
		f->waiting = more->waiting;
		f->redirected |= more->redirected;
	}
	if (e->subflow) {
		mptcp_take_owner(f, tp, OWNER_CONNECT);
		if (e->subflow != 1 + f->ident.owner_source)
			told.announced = 0;
	}
	if (e->is_listener)
		put_listener(ctl, f, tp, true, 0);
	else
		tell_flow(ctl, f, tp, 0, true, state, &told);
	if (!is_still(e, tp, sk)) {
		ctl->used = used;
		ctl->moved = moved;
		/* Its end leaves it to us to count it. */
		ctl->live += !e->is_listener && ctl->frozen;
		return;
	}
	ctl->live += !e->is_listener;
	e->told.received = told.received;
	e->told.write_seq = told.write_seq;
	if (!told.announced || e->subflow)
		e->told.announced = told.announced;
	if (e->subflow)
		e->subflow = 1 + f->ident.owner_source;
	if (more) {
		more->waiting = f->waiting;
		more->redirected = f->redirected;
	}
}

/*
 * Its connect() is about to begin, or its end was shown to nobody: then it is no live flow, and its
 * place is wanted. One that is about to begin may wait for its CPU.
 */
static __always_inline void drop_stale(struct listed *e, __u32 place)
{
	if (!want_list_alone || e->stale++ < STALE_LOOKS)
		return;
	if (take_from_place(e, e->flow))
		clear_place(place);
}

static __always_inline bool is_same(const struct listed *e, struct tcp_sock *tp)
{
	return e->told.announced && tp->bytes_received == e->told.received &&
	       tp->write_seq == e->told.write_seq;
}

/* Nothing of it is to be told but, to who asks for each, that it is there. */
static __always_inline bool stands_still(struct snap_control *ctl, struct listed *e, __u32 place,
					 struct tcp_sock *tp, __u8 state)
{
	struct listed_extra *more;

	if (ctl->all || ctl->frozen || e->subflow || !is_same(e, tp))
		return false;
	if (!want_extra || !(ctl->each || ctl->stalls))
		return true;
	more = listed_extra_at(place);
	if (!more || more->waiting)
		return false;
	if (ctl->each)
		put_same(ctl, e->id, state);
	return true;
}

static __always_inline void look_at_listed(struct snap_control *ctl, struct listed *e, __u32 place,
					   struct tcp_sock *tp, __u64 sk)
{
	__u8 state = SK(tp)->__sk_common.skc_state;

	/* Of flows that have their storage besides, the cookie is looked at if there is something to tell. */
	if (state == ST_CLOSE || (want_list_alone && !is_socket_of(tp, e->cookie))) {
		drop_stale(e, place);
		return;
	}
	if (!want_list_alone) {
		if (is_same(e, tp))
			ctl->live++;
		else
			tell_bytes(ctl, e, tp, sk, state);
		return;
	}
	if (e->stale)
		e->stale = 0;
	if (e->is_listener ? !ctl->queues && (!want_extra || ctl->plain) : ctl->queues)
		return;
	/* A flow that ends while we count is counted by its end, see on_close(). */
	if (!e->is_listener && ctl->frozen) {
		if (__sync_lock_test_and_set(&e->counted, 1))
			return;
		ctl->undecided += is_undecided(marks_of(e));
	}
	if (!e->is_listener && stands_still(ctl, e, place, tp, state))
		ctl->live++;
	else
		tell_listed(ctl, e, place, tp, sk, state);
}

static long look_at_place(__u32 k, __u32 *first)
{
	struct snap_control *ctl = control_get();
	__u32 at = *first + k;
	struct listed *e = bpf_map_lookup_elem(&listed, &at);
	__u64 sk;

	if (!e || !ctl || at >= ctl->places)
		return 1;
	if (ctl->used > SNAP_SLOTS - SNAP_SLOTS_MAX) {
		ctl->next = at;
		return 1;
	}
	sk = *(volatile __u64 *)&e->sk;
	if (sk)
		look_at_listed(
			ctl, e, at + 1,
			bpf_rdonly_cast((void *)sk, bpf_core_type_id_kernel(struct tcp_sock)), sk);
	return 0;
}
