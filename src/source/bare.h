// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sockets of which the kernel keeps no counters (SOURCE_BARE_STATES) have no owner either. Their listener
 * has: a request belongs to it, and what is left of a connection to a port that is listened on most
 * likely was of the process that listens. So a source that lists what is there passes its events
 * through here.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

struct bare {
	uint32_t states; /* that are passed on, of sockets without counters */
	void (*emit)(void *context, const struct event *ev);
	void *emit_context;
	struct ev_ident *listener; /* of all namespaces, with an owner */
	size_t count, room;
	int is_sorted;
};

void bare_done(struct bare *b);

/*
 * Pass on an event, borrowed for the call; `context` is a struct bare. Listeners must come before
 * sockets without counters, to which their owner is given, as OWNER_LISTEN: that of the listener on
 * the same address, else of that on any address. If those differ it is not known.
 */
void bare_event(void *context, const struct event *ev);
