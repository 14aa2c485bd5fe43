// SPDX-License-Identifier: BSD-2-Clause
/*
 * What handshake_table.c and conversation_table.c have in common, private to them: many handshakes
 * in slots, found by tuple, sorted into classes, given up in time, and who has to go when there is
 * no room. The one invariant: an entry is always on the list of its class.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "packet/handshake.h"
#include "packet/slots.h"

/* The classes, and lists, of half-open handshakes; and lists for what comes after. */
enum attempt_class {
	ATTEMPT_LONELY,	 /* one packet, nothing else ever */
	ATTEMPT_ENGAGED, /* answered, or retransmitted */
	ATTEMPT_EARLY,	 /* in ACK_EARLY: waits for a SYN/ACK captured late */
	ATTEMPT_WARNED,	 /* after an ICMP error: waits for the next SYN */
	/* Of use to conversations only: */
	ATTEMPT_LIVE,	 /* established */
	ATTEMPT_ENDING,	 /* was reset; what was sent before may still come */
	ATTEMPT_DOUBTED, /* seems to have ended */
	ATTEMPT_OVER,	 /* concluded; kept to recognise late segments */
	ATTEMPT_CLASS_COUNT
};
_Static_assert(ATTEMPT_CLASS_COUNT <= SLOT_LISTS, "a list for each class");

/* Attempts on one tuple, told apart by their ISNs: in one network, and in all of them. */
#define ATTEMPTS_PER_TUPLE 4
#define ATTEMPTS_PER_CHAIN 32

/*
 * First member of an entry. By end of the tuple that sent, low or high: in which network and view
 * its segments were seen last. Each way may have its own: a label has one direction, and the two
 * ports of a tap are two interfaces.
 */
struct attempt {
	struct slot slot;
	struct tuple tuple;
	uint32_t network[2];
	uint16_t view[2];
	bool has_sent[2];
	struct handshake h;
};

/* When there is no room: the oldest of the first class with more than limit / divisor entries goes
 * (divisor 0: with any). */
struct attempt_share {
	uint8_t class;
	uint8_t divisor;
};

struct attempts {
	struct slots slots;
	struct hash_key key;
	uint64_t timeout_ns;
	uint64_t reorder_ns; /* how long ACK_EARLY waits; 0 before attempts_init(): 100 ms */
	uint64_t now_ns, next_check_ns;
	const struct attempt_share *share; /* the last one is sure to find a victim */
};

/*
 * What the attempts of one tuple are found by. Those of another view than the packet's are not
 * found. Of one whose sender was not seen yet the view is not known: unless `is_strict`, it is
 * found in each.
 */
struct attempt_key {
	struct tuple tuple;
	uint32_t hash;
	uint32_t network;
	uint16_t view;
	uint8_t side; /* of the tuple that sent: 0 low, 1 high */
	bool is_strict;
};

/*
 * Reserve room for `limit` entries, which begin with a struct attempt; key, times and share are
 * set. 0 or -errno, as slots_init().
 */
int attempts_init(struct attempts *a, uint32_t limit, size_t entry_size);
void attempts_done(struct attempts *a);

/* Moves the clock, which never goes back. Is it time to look for what has expired? */
bool attempts_tick(struct attempts *a, uint64_t now_ns);

void attempts_key_of(const struct attempts *a, const struct packet *p, struct attempt_key *ret);

/* The attempts of one tuple, the newest first. */
struct attempt *attempts_first(const struct attempts *a, const struct attempt_key *key);
struct attempt *attempts_next(const struct attempts *a, const struct attempt_key *key,
			      const struct attempt *e);

/* The packet of this key belongs to it. */
void attempts_note_place(struct attempt *e, const struct attempt_key *key);

/* Was what this end of the tuple sends, or the other if it is silent, seen in the packet's network?
 */
bool attempts_is_near(const struct attempt *e, const struct attempt_key *key);

/* Were two of one tuple seen in the same network and view? */
bool attempts_share_network(const struct attempt *a, const struct attempt *b);

enum attempt_class attempts_class_of(const struct handshake *h);

/* Put an entry back in order after a packet of its own. Not for one that is concluded. */
void attempts_settle(struct attempts *a, struct attempt *e);

/* Who has to go. Not NULL in a full table. */
struct attempt *attempts_victim(const struct attempts *a);

/*
 * Who has to go before another attempt is entered on this tuple, NULL: nobody. Keeps the chain of a
 * tuple short, whoever chooses the ISNs and networks: the oldest of those that are over, else of
 * the half-open ones.
 */
struct attempt *attempts_excess(const struct attempts *a, const struct attempt_key *key);

/* Enter a handshake; there must be room. Of the entry, what follows struct attempt is not set. */
struct attempt *attempts_add(struct attempts *a, const struct attempt_key *key,
			     const struct handshake *h);

/*
 * The next half-open handshake that nobody continues, already concluded, NULL if there is none.
 * The caller has to move it to another list or release it.
 */
struct attempt *attempts_next_expired(struct attempts *a);

/*
 * The next half-open handshake, of class `from` or a later one, concluded with what is known of it.
 * NULL: none is left. From ATTEMPT_EARLY on, enough is known for an outcome other than pending.
 */
struct attempt *attempts_next_left(struct attempts *a, enum attempt_class from);
