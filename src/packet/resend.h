// SPDX-License-Identifier: BSD-2-Clause
/*
 * Why a sender sends something again, as far as packets tell: inferred from what its kernel must
 * have known at that moment, by the rules of Linux. It is exact where the capture stands beside the
 * sender; elsewhere acknowledgements come earlier than they came to the sender, and what was lost
 * before it came here is not sent again, as seen from here.
 *
 * Positions are those of stream.h, with a FIN as one more.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/event.h"

struct packet;

/* New data up to `to` had been sent by then. */
struct resend_mark {
	uint64_t to, time_ns;
};
#define RESEND_MARKS 4

/* One direction. */
struct resend {
	/* A position up to which the sender repairs; over once that is acknowledged. */
	uint64_t loss_until;   /* after a timeout */
	uint64_t repair_until; /* fast, before any timeout */
	uint64_t pmtu_until;   /* in smaller pieces */
	uint64_t again_to;     /* of the repair: behind what was sent again, at most */
	uint64_t sack_to;      /* behind the farthest byte that the peer has, holes before it */
	uint64_t probe_to; /* all that was sent when a loss probe went: there is one at a time */
	struct resend_mark mark[RESEND_MARKS]; /* the oldest first; 0: unused */
	uint64_t head_at, head_ns; /* the first that waited was sent again, the last time */
	uint64_t resent_to, resent_ns; /* what was sent again last, and when */
	uint64_t rack_ns;	       /* the latest time of sending that an answer came to */
	uint64_t sent_ns, heard_ns;
	uint32_t cause[CAUSE_COUNT]; /* segments */
	uint32_t dsacks;	     /* segments that the peer had twice */
	uint32_t undone;	     /* segments: of repairs that turned out to be needless */
	uint32_t episode;	     /* segments of this repair */
	uint32_t episode_tsval;	     /* of the first of them */
	uint32_t segment_bytes;	     /* the largest payload */
	uint32_t window_seq;	     /* of the peer's segment that last offered another window */
	uint16_t window;	     /* which, as it is on the wire */
	uint16_t dup_acks;
	bool has_tsval;	      /* episode_tsval is set */
	bool has_timed_out;   /* and nothing was acknowledged since */
	bool doubts_loss;     /* nothing but the first segment was repaired after the timeout */
	bool has_sent_beyond; /* and new data was sent since */
};

/* A segment with payload or FIN. */
struct resend_sent {
	uint64_t from, to;
	uint64_t acked, highest; /* before it: by the peer; behind all that was sent */
	uint64_t rtt_ns;	 /* of the handshake, 0: not known */
	uint32_t again;		 /* segments that were sent again with it */
	bool has_sack;		 /* both ends know it: else there are no loss probes */
	bool is_window_closed;
};
void resend_sent(struct resend *r, const struct resend_sent *s, const struct packet *p);

/* The peer's: `before` and `acked` are what it had acknowledged and does now, `highest` is behind
 * all that was sent. */
struct resend_heard {
	uint64_t before, acked, highest;
	bool has_sack; /* both ends know it */
};
void resend_heard(struct resend *r, const struct resend_heard *h, const struct packet *p);

/* ICMP told the sender that the path takes only smaller packets; `acked` and `highest` as above. */
void resend_too_big(struct resend *r, uint64_t acked, uint64_t highest);
