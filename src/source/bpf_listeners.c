// SPDX-License-Identifier: BSD-2-Clause
#include "source/bpf_listeners.h"

#include <stdlib.h>
#include <string.h>

#include "abi/event.h"
#include "abi/request.h"
#include "util/xalloc.h"

void bpf_listeners_done(struct bpf_listeners *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->listener[i].last);
	free(l->listener);
	*l = (struct bpf_listeners){0};
}

/* Listeners are few (and looked at once a second): sorted by cookie, found by halving. */
static size_t place_of(const struct bpf_listeners *l, uint64_t id)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->listener[middle].last->head.id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct bpf_listener *insert(struct bpf_listeners *l, size_t at, const struct event *ev)
{
	struct bpf_listener *listener;

	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 16;
		l->listener = xrealloc(l->listener, l->room * sizeof(*l->listener));
	}
	listener = &l->listener[at];
	memmove(listener + 1, listener, (l->count++ - at) * sizeof(*listener));
	*listener = (struct bpf_listener){.last = xcalloc(1, sizeof(*ev))};
	*listener->last = *ev;
	/* What one that is older than us dropped before us is not to be told. */
	if (ev->ident.seen != SEEN_ADOPTED)
		listener->last->extra.drops = 0;
	return listener;
}

void bpf_listeners_note(struct bpf_listeners *l, const struct event *ev)
{
	size_t at = place_of(l, ev->head.id);
	struct bpf_listener *listener = &l->listener[at];

	if (at == l->count || listener->last->head.id != ev->head.id)
		listener = insert(l, at, ev);
	listener->refused += (uint32_t)(ev->extra.drops - listener->last->extra.drops);
	*listener->last = *ev;
	listener->look = l->look;
}

void bpf_listeners_end_look(struct bpf_listeners *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++)
		if (l->listener[i].look == l->look)
			l->listener[kept++] = l->listener[i];
		else
			free(l->listener[i].last);
	l->count = kept;
	l->look++;
}

static bool is_any(const struct addr *a)
{
	static const struct addr any;
	struct addr any_v4;

	addr_set_v4(&any_v4, 0);
	return !memcmp(a, &any, sizeof(any)) || !memcmp(a, &any_v4, sizeof(any_v4));
}

/* How well a listener fits, as the kernel prefers them: bound to the address, to any, not at all.
 */
static int fit(const struct ev_ident *id, const struct addr *laddr, uint32_t netns, uint32_t lport)
{
	if (id->lport != lport || id->netns != netns)
		return 0;
	if (!memcmp(&id->laddr, laddr, sizeof(*laddr)))
		return 2;
	return is_any(&id->laddr) && (id->family == 6 || addr_is_v4(laddr));
}

void bpf_listeners_discard(struct bpf_listeners *l, const struct discard_key *key, uint64_t count)
{
	struct bpf_listener *best = NULL;
	int best_fit = 0;

	for (size_t i = 0; i < l->count; i++) {
		struct bpf_listener *other = &l->listener[i];
		int f = fit(&other->last->ident, &key->laddr, key->netns, key->lport);

		/* Of several on one port: the one that dropped most. */
		if (f < best_fit || !f || (f == best_fit && other->refused <= best->refused))
			continue;
		best = other;
		best_fit = f;
	}
	if (best)
		best->refused -= (int64_t)count;
}

const struct event *bpf_listeners_find(const struct bpf_listeners *l, const struct request_key *key,
				       const struct request *request, bool *ret_sure)
{
	size_t at = place_of(l, request->listener);
	const struct event *best = NULL;
	int best_fit = 0;

	*ret_sure = true;
	if (request->listener && at < l->count &&
	    l->listener[at].last->head.id == request->listener)
		return l->listener[at].last;
	for (size_t i = 0; i < l->count; i++) {
		const struct event *other = l->listener[i].last;
		int f = fit(&other->ident, &key->laddr, key->netns, key->lport);

		if (!f || f < best_fit)
			continue;
		*ret_sure = f > best_fit || other->ident.pid == best->ident.pid;
		best = other;
		best_fit = f;
	}
	return best;
}
