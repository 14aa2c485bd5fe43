// SPDX-License-Identifier: BSD-2-Clause
/*
 * From kernel edges to EV_HANDSHAKE: the rows of `peek` without a packet.
 *
 * Of a handshake that this host began, and of one that became a connection, the programs make a record
 * where it ends (src/bpf/state.bpf.c); if flows are not wanted besides, it is a flow that ends there. A request that
 * comes to nothing leaves no record; it is found in the map `requests` when its timer should have
 * run and nothing was seen of it:
 *
 *	a RST came after all else that was seen of it		aborted
 *	the client's ACK came, but the accept queue was full	overflow
 *	its SYN/ACK was sent as often as the listener allows	timed_out
 *	else: an ICMP error, the listener was closed, too many
 *	requests for its queue, or a RST that was not seen	gone
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "source/bpf_listeners.h"

struct account;
struct bpf_account;
struct bpf_reader;
struct ended_request;
struct event;
struct request;
struct source;
struct tcp;

struct bpf_handshake {
	struct source *source;
	struct tcp *skeleton;
	struct bpf_reader *reader;
	struct bpf_listeners listeners;
	uint64_t concluded, pending; /* requests that came to nothing, or were not decided */
	bool is_looking; /* what comes is of listeners, and for nobody else */
};

/*
 * An emit; `context` is a struct bpf_handshake. What is about flows goes on to the source's own, if
 * those are wanted too.
 */
void bpf_handshake_event(void *context, const struct event *ev);

/* A request whose place another took. */
void bpf_handshake_ended(struct bpf_handshake *b, const struct ended_request *ended);

/* Once a second: the listeners' drops, the requests that have ended. 0 or -errno, logged. */
int bpf_handshake_look(struct bpf_handshake *b);

/* The run is over: the same, and what is undecided is pending. 0 or -errno, logged. */
int bpf_handshake_finish(struct bpf_handshake *b);

/* Adds the requests to the account of the flows. */
void bpf_handshake_account(const struct bpf_handshake *b, uint64_t lost, struct account *a);

/*
 * The account of the handshakes alone, where flows are told of too. What is undecided is live, and once the run is over
 * the rest is lost: its end was shown to no program.
 */
void bpf_handshake_account_beside(const struct bpf_handshake *b, struct account *ret);

/* The same from what the programs counted, of which so many at most are undecided. Without requests. */
void bpf_handshake_counted(const struct bpf_account *a, uint64_t undecided, struct account *ret);

void bpf_handshake_done(struct bpf_handshake *b);

/* Of the two ends of an attempt of this host (enum ev_outcome), from the record of its end. */
unsigned bpf_handshake_outcome(const struct event *end);

/*
 * What became of a request that was last heard of as noted. `listener` is its listener's reading,
 * or NULL; sets `*ret_ns` to when that was decided. OUTCOME_PENDING: it may live at `now_ns`
 * (UINT64_MAX: it does not).
 */
unsigned bpf_handshake_request_outcome(const struct request *r, const struct event *listener,
				       uint64_t now_ns, uint64_t *ret_ns);
