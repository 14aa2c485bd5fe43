// SPDX-License-Identifier: BSD-2-Clause
/* The listeners of this host as the last look found them: whose they are, and what they dropped. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct discard_key;
struct event;
struct request;
struct request_key;

struct bpf_listener {
	struct event *last; /* owned: the last reading, with ident and extra */
	uint64_t look;	    /* number of the last look that met it */
	int64_t refused;    /* drops that were not told yet; < 0: more was discarded than dropped */
};

struct bpf_listeners {
	struct bpf_listener *listener;
	size_t count, room;
	uint64_t look;
};

void bpf_listeners_done(struct bpf_listeners *l);

/*
 * A reading (EV_SAMPLE) or the last word (EV_CLOSE) of a listener, with its ident and extra. What it
 * dropped since the reading before, or since it or we began, is added to `refused`.
 */
void bpf_listeners_note(struct bpf_listeners *l, const struct event *ev);

/* Of the drops of the listener at this place `count` were segments of requests: no refusals. */
void bpf_listeners_discard(struct bpf_listeners *l, const struct discard_key *key, uint64_t count);

/* A look at all listeners is over: those that it did not meet are no more. */
void bpf_listeners_end_look(struct bpf_listeners *l);

/*
 * The reading of the listener that a request is for, or NULL. Several processes may listen on one
 * port (SO_REUSEPORT): `*ret_sure` is false if it may be another's.
 */
const struct event *bpf_listeners_find(const struct bpf_listeners *l, const struct request_key *key,
				       const struct request *request, bool *ret_sure);
