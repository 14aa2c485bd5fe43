// SPDX-License-Identifier: BSD-2-Clause
/*
 * What is judged: all that was read of it, borrowed. The layer is pure: from this to facts, from
 * facts to a verdict, from a verdict to a sentence.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

struct history;

/* What the kernel counts for no socket, as read once. A field that was not read is -1. */
struct host_reading {
	int64_t cookies, syn_queue_drops; /* they count up */
	int64_t memory_pressures, pruned, receive_drops, memory_aborts;
	int64_t time_wait_overflows;
	int64_t mem_pages, mem_limit_pages; /* levels: tcp_mem[1] */
	int64_t time_wait, time_wait_limit, orphans, orphans_limit;
};

/* Their names, and where they are: first those that count up, then the levels. */
#define HOST_GROWING 7
#define HOST_FIGURES 13
const char *host_figure_name(unsigned i);
int64_t *host_figure_at(struct host_reading *r, unsigned i);

enum subject_kind {
	SUBJECT_LIVE,
	SUBJECT_CLOSED,
	SUBJECT_LISTENER,
	SUBJECT_HANDSHAKE,
	SUBJECT_HOST
};

struct subject {
	enum subject_kind kind;
	uint8_t state;	    /* enum tcp_state_number; of a closed one the last before CLOSE */
	uint8_t end_reason; /* enum ev_end */
	uint8_t flags;	    /* enum ev_flag, of a closed one */
	uint32_t error;	    /* errno that it ended with */
	uint64_t time_ns;
	uint64_t read_ns; /* when `extra` was read, if that was before; 0: then */
	const struct ev_ident *ident;
	const struct ev_count *count;	/* totals */
	const struct ev_extra *extra;	/* NULL if the source sees nothing of it */
	const struct ev_extra *packets; /* in its place: what only packets tell (KNOWN_PACKETS) */
	const struct history *history;	/* NULL: it was read once, and is judged over its life */
	const struct ev_handshake *handshake;
	const struct host_reading *host, *host_then;
	uint64_t window_us; /* of a host: since host_then */
	bool peer_lives;    /* another connection to the same address moved something just now */
};

/* What was read of it, or NULL; a source that sees nothing of sockets leaves it empty. */
static inline void subject_set_extra(struct subject *s, const struct ev_extra *extra)
{
	if (!extra || !(extra->known || extra->mss || extra->backlog_max))
		return;
	if (extra->known & KNOWN_PACKETS)
		s->packets = extra;
	else
		s->extra = extra;
}

/* What lives, or listens: its state, who it is, its totals, and what was read of it, at `time_ns`. */
static inline struct subject subject_of_flow(unsigned state, const struct ev_ident *ident,
					     const struct ev_count *count,
					     const struct ev_extra *extra, uint64_t time_ns)
{
	struct subject s = {
		.kind = state == ST_LISTEN ? SUBJECT_LISTENER : SUBJECT_LIVE,
		.state = (uint8_t)state,
		.time_ns = time_ns,
		.ident = ident,
		.count = count,
	};

	subject_set_extra(&s, extra);
	return s;
}
