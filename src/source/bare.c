// SPDX-License-Identifier: BSD-2-Clause
#include "source/bare.h"

#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

void bare_done(struct bare *b)
{
	free(b->listener);
}

static void note_listener(struct bare *b, const struct ev_ident *id)
{
	if (!id->owner_source)
		return;
	if (b->count == b->room) {
		b->room = b->room ? 2 * b->room : 64;
		b->listener = xrealloc(b->listener, b->room * sizeof(*b->listener));
	}
	b->listener[b->count++] = *id;
	b->is_sorted = 0;
}

static int by_place(const void *a, const void *b)
{
	const struct ev_ident *one = a, *other = b;

	if (one->netns != other->netns)
		return one->netns < other->netns ? -1 : 1;
	return (int)one->lport - (int)other->lport;
}

/* Where those begin that are on the port of `id`. */
static size_t first_on_port(struct bare *b, const struct ev_ident *id)
{
	size_t low = 0, high = b->count;

	if (!b->is_sorted && b->count)
		qsort(b->listener, b->count, sizeof(*b->listener), by_place);
	b->is_sorted = 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_place(&b->listener[middle], id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* 2: on this address, 1: on any, 0: not for this socket. */
static int fit(const struct ev_ident *listener, const struct ev_ident *id)
{
	static const struct addr any6;
	struct addr any4;

	addr_set_v4(&any4, 0);
	if (!memcmp(&listener->laddr, &id->laddr, sizeof(any6)))
		return 2;
	return !memcmp(&listener->laddr, &any6, sizeof(any6)) ||
	       (!memcmp(&listener->laddr, &any4, sizeof(any4)) && addr_is_v4(&id->laddr));
}

static const struct ev_ident *listener_of(struct bare *b, const struct ev_ident *id)
{
	const struct ev_ident *best = NULL;
	int best_fit = 0, is_sure = 0;

	for (size_t i = first_on_port(b, id); i < b->count && !by_place(&b->listener[i], id); i++) {
		int f = fit(&b->listener[i], id);

		if (!f || f < best_fit)
			continue;
		is_sure = f > best_fit || (is_sure && b->listener[i].pid == best->pid);
		best = &b->listener[i];
		best_fit = f;
	}
	return is_sure ? best : NULL;
}

static void give_owner(struct bare *b, struct ev_ident *id)
{
	const struct ev_ident *listener = listener_of(b, id);

	if (!listener)
		return;
	id->owner_source = OWNER_LISTEN;
	id->role = ROLE_ACCEPT;
	id->pid = listener->pid;
	id->mntns = listener->mntns;
	id->cgroup_id = listener->cgroup_id;
	memcpy(id->comm, listener->comm, sizeof(id->comm));
	memcpy(id->thread, listener->thread, sizeof(id->thread));
}

void bare_event(void *context, const struct event *ev)
{
	struct bare *b = context;
	struct event told;

	if (ev->head.state == ST_LISTEN && ev->head.flags & EV_HAS_IDENT)
		note_listener(b, &ev->ident);
	if (!(ev->head.flags & EV_HAS_EXTRA) || !(ev->extra.known & KNOWN_NO_COUNTERS)) {
		b->emit(b->emit_context, ev);
		return;
	}
	if (!(b->states >> ev->head.state & 1))
		return;
	told = *ev;
	give_owner(b, &told.ident);
	b->emit(b->emit_context, &told);
}
