// SPDX-License-Identifier: BSD-2-Clause
/*
 * All handshakes of a capture: finds the one a packet belongs to, lets time pass, reports each
 * outcome once. Memory is reserved once, from a limit; no call but handshake_table_new() allocates.
 * Time is that of the packets, and never goes back (timeline.h).
 *
 * When the table is full, something has to go. A SYN flood must not push out the handshakes of real
 * clients, and what tells a flood is that its SYNs stay alone: nobody sends them again, and nobody
 * completes them. So half-open handshakes are of two classes (RFC 4987 section 3.4 recycles the
 * oldest; this is the same idea with a memory for good conduct):
 *
 *	lonely		one packet, nothing else ever
 *	engaged		answered, or retransmitted
 *
 * and no class can take the place of the other: while lonely ones hold more than half of the table,
 * the oldest lonely one goes; else the oldest engaged one. A real handshake is therefore reported
 * if its SYN/ACK comes before limit / 2 further SYNs, and its ACK before limit / 8 further answers
 * (more, when fewer SYNs stay alone). Even where its SYN was evicted, its SYN/ACK begins it again,
 * and it is reported without the SYN.
 *
 * Concluded ones are kept for as long as a client may wait before it sends its SYN again, so that
 * late segments are known as such, and another attempt after a failure too. But they give way
 * before all others as long as they hold more than an eighth of the table.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "packet/handshake.h"

struct handshake_table;

struct handshake_table_config {
	uint32_t limit;	     /* handshakes in memory: --max-pending */
	uint64_t timeout_ns; /* idle time after which a handshake has timed out */
	/* How long a SYN/ACK may be captured after the ACK that answers it; 0: 100 ms. */
	uint64_t reorder_ns;
	struct hash_key key; /* secret, against chosen tuples */
	/* Called once for every handshake but those that were evicted or not watched. `h` is borrowed for the call, which
	 * must not call into the table. */
	void (*report)(void *context, const struct handshake *h);
	/*
	 * Was every segment shown that mattered to this handshake? Asked before it is reported for
	 * the lack of one; if not, it is counted and not reported, since nobody knows how it went.
	 * NULL: all packets are shown.
	 */
	bool (*is_watched)(void *context, const struct handshake *h);
	void *context;
};

struct handshake_counts {
	uint64_t begun;	   /* = reported + evicted + unwatched + pending */
	uint64_t reported; /* pending ones at the end included */
	uint64_t evicted_lonely, evicted_engaged;
	uint64_t unwatched; /* silent, but only to us: see is_watched */
	uint64_t late;	  /* SYN or SYN/ACK of a handshake that is over */
	uint64_t ignored; /* fit no handshake although one of their tuple is pending */
	uint64_t stray;	  /* of tuples without a pending handshake: mostly established traffic */
};

/* NULL if there is no memory or the limit is not within 1 .. 2**30. */
struct handshake_table *handshake_table_new(const struct handshake_table_config *config);

/* Reports nothing: see handshake_table_flush(). Accepts NULL. */
void handshake_table_free(struct handshake_table *t);

/* Every packet that is not a copy (copies.h); others than TCP's handshakes do no harm. */
void handshake_table_feed(struct handshake_table *t, const struct packet *p);

/* Let time pass without packets. */
void handshake_table_tick(struct handshake_table *t, uint64_t now_ns);

/* The end of the capture: report all that is pending, as such or with what is known of it. */
void handshake_table_flush(struct handshake_table *t, uint64_t now_ns);

/* Handshakes not concluded. */
uint32_t handshake_table_pending(const struct handshake_table *t);

const struct handshake_counts *handshake_table_counts(const struct handshake_table *t);
