/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Writing events into the mmapped array that the iterators share with user space. */
#pragma once
#include "bpf/extra.bpf.h"

#define EXTRA_SLOTS (sizeof(struct ev_extra) / SNAP_SLOT_SIZE)

/* Too large for a program's stack. User space runs one iterator at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ev_extra);
} scratch __weak SEC(".maps");

/* The third part of an event, after its ident. */
static __always_inline void put_extra(struct snap_control *ctl, const struct ev_extra *extra)
{
	__u32 at = ctl->used;

	for (int i = 0; i < (int)EXTRA_SLOTS; i++) {
		__u32 next = at + i;
		struct snap_slot *slot = bpf_map_lookup_elem(&snap, &next);

		if (!slot)
			return;
		__builtin_memcpy(slot, (void *)extra + i * SNAP_SLOT_SIZE, SNAP_SLOT_SIZE);
	}
	ctl->used = at + EXTRA_SLOTS;
}

/* Its second part: time_ns, then ident, 8 + 120 bytes in two slots. */
static __always_inline bool put_ident(struct snap_control *ctl, const struct ev_ident *ident)
{
	__u32 next = ctl->used;
	struct snap_slot *first = bpf_map_lookup_elem(&snap, &next);

	next++;
	struct snap_slot *second = bpf_map_lookup_elem(&snap, &next);
	if (!first || !second)
		return false;
	first->word[0] = bpf_ktime_get_ns();
	__builtin_memcpy(&first->word[1], ident, 56);
	__builtin_memcpy(second, (const void *)ident + 56, 64);
	ctl->used = next + 1;
	return true;
}

/* Its first part; the caller has checked that SNAP_SLOTS_MAX slots are free. */
static __always_inline bool put_count(struct snap_control *ctl, __u64 id, __u8 state,
				      const struct ev_count *c, __u8 kind, __u8 flags)
{
	__u32 at = ctl->used;
	struct event *e = bpf_map_lookup_elem(&snap, &at);
	struct ev_head *head;

	if (!e)
		return false;
	head = &e->head;
	head->id = id;
	head->kind = kind;
	head->state = state;
	head->flags = flags;
	head->end_reason = END_NONE;
	head->error = 0;
	__builtin_memcpy((void *)e + sizeof(*head), c, sizeof(*c));
	ctl->used = at + 1;
	return true;
}

/* Write one event to the array, with the parts that `flags` announce. `by_list`: see causes_of().
 */
static __always_inline void put(struct snap_control *ctl, struct flow *f, struct tcp_sock *tp,
				bool by_list, __u8 state, struct ev_count *c, __u8 kind, __u8 flags)
{
	struct ev_extra *extra = 0;
	__u32 zero = 0;

	if ((want_extra || want_handshakes) && flags & EV_HAS_EXTRA) {
		extra = bpf_map_lookup_elem(&scratch, &zero);
		if (!extra)
			return;
		read_extra(f, tp, state, kind == EV_CLOSE, by_list, c, extra);
	}
	if (!put_count(ctl, f->id, state, c, kind, flags) || !(flags & EV_HAS_IDENT))
		return;
	if (put_ident(ctl, &f->ident) && extra)
		put_extra(ctl, extra);
}

/* It stands still: nothing of it is read. */
static __always_inline void put_same(struct snap_control *ctl, __u64 id, __u8 state)
{
	__u32 at = ctl->used;
	struct event *e = bpf_map_lookup_elem(&snap, &at);

	if (!e)
		return;
	__builtin_memset(e, 0, EV_SIZE_COUNT);
	e->head.id = id;
	e->head.kind = EV_SAMPLE;
	e->head.state = state;
	e->head.flags = EV_SAME;
	ctl->used = at + 1;
}

/* A listener moves nothing, but it has a queue and drops. */
static __always_inline void put_listener(struct snap_control *ctl, struct flow *f,
					 struct tcp_sock *tp, bool by_list, __u8 flags)
{
	struct ev_count none = {};

	/* In the list it has its id from the beginning. */
	if (!by_list)
		f->id = bpf_get_socket_cookie(SK(tp));
	read_tuple(tp, &f->ident);
	put(ctl, f, tp, by_list, ST_LISTEN, &none, EV_SAMPLE, EV_HAS_IDENT | EV_HAS_EXTRA | flags);
}

/* End user space's read() when the next event might not fit. */
static __always_inline void yield_if_full(struct snap_control *ctl, struct seq_file *seq)
{
	__u8 full = 1;

	if (ctl->used > SNAP_SLOTS - 3 * SNAP_SLOTS_MAX)
		bpf_seq_write(seq, &full, 1);
}
