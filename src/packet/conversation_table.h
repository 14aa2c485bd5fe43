// SPDX-License-Identifier: BSD-2-Clause
/*
 * All conversations of a capture: finds the one a packet belongs to, lets time pass, and tells when
 * each opens and closes. Memory is reserved once, from a limit; no call but
 * conversation_table_new() allocates.
 *
 *	opened = closed + live, and the closed ones that were evicted are counted besides.
 *
 * When the table is full: half-open conversations may hold a half of it, so that a SYN flood takes
 * no room from established ones (how they give way among themselves: handshake_table.h); beyond
 * that, the established one goes that was silent longest: as idle after five minutes, else as
 * evicted. Of too many attempts on one tuple the oldest is replaced, as in handshake_table.h.
 */
#pragma once
#include <stdint.h>

#include "packet/conversation.h"

struct conversation_table;

struct conversation_table_config {
	uint32_t limit;	     /* conversations in memory, closed ones that linger included */
	uint64_t timeout_ns; /* idle time after which a handshake has failed */
	uint64_t idle_ns;    /* idle time after which an established one is given up; 0: never */
	uint64_t linger_ns;  /* how long late segments of a closed one are recognised */
	uint64_t reorder_ns; /* as in handshake_table.h; 0: 100 ms */
	struct hash_key key;
	/*
	 * Each may be NULL. `c` and `h` are borrowed for the call, which must not call into the
	 * table. Open is called with the first packet, before that is known to be a success.
	 */
	void (*open)(void *context, const struct conversation *c, const struct handshake *h);
	void (*close)(void *context, const struct conversation *c, const struct handshake *h);
	void *context;
};

struct conversation_counts {
	uint64_t opened, closed;
	uint64_t adopted; /* of the opened ones: begun before the capture */
	uint64_t evicted; /* of the closed ones: for want of room */
	uint64_t ignored; /* segments that fit no conversation although their tuple has some */
	uint64_t stray;	  /* segments that begin nothing, of unknown tuples */
};

/* NULL if there is no memory or the limit is not within 1 .. 2**30. */
struct conversation_table *conversation_table_new(const struct conversation_table_config *config);

/* Closes nothing. Accepts NULL. */
void conversation_table_free(struct conversation_table *t);

/* Every packet that is not a copy (copies.h). */
void conversation_table_feed(struct conversation_table *t, const struct packet *p);

/* Let time pass without packets. */
void conversation_table_tick(struct conversation_table *t, uint64_t now_ns);

/*
 * Call `sample` for the live conversations: all of them, which changes nothing, or those that may
 * have changed since this was called for such last.
 */
void conversation_table_sample(struct conversation_table *t, bool all,
			       void (*sample)(void *context, const struct conversation *c,
					      const struct handshake *h),
			       void *context);

/* Nothing more will come: close those that only wait for silence. */
void conversation_table_settle(struct conversation_table *t);

/*
 * The end of the capture. The same; and handshakes of which enough is known are concluded; all
 * others stay live, since the capture says no more about them.
 */
void conversation_table_flush(struct conversation_table *t, uint64_t now_ns);

/* Conversations not closed. */
uint32_t conversation_table_live(const struct conversation_table *t);

const struct conversation_counts *conversation_table_counts(const struct conversation_table *t);
