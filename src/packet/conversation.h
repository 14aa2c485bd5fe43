// SPDX-License-Identifier: BSD-2-Clause
/*
 * One TCP connection from its first packet to its last, as an observer sees it: the handshake
 * (handshake.h), then the bytes of both directions (stream.h), then the end. A pure function of a
 * struct conversation and a packet; conversation_table.h stores many and knows about time.
 *
 *	phase		begins with			left by
 *	OPENING		SYN or SYN/ACK			the outcome of the handshake
 *	SYNCHRONISED	outcome "established", or	both FINs acknowledged
 *			data or FIN of an unknown tuple
 *	ENDING		an acceptable RST		silence, or its sender goes on
 *	CLOSED		the end; kept a while, since late segments must not begin another
 *
 * After a RST (RFC 9293 section 3.5.2) its sender is silent. The other side may still send what it
 * wrote before it learned of it: this counts. If the sender goes on, somebody else made the RST: it
 * ended nothing, unless all that the other side says from then on is a RST of its own, since it had
 * believed the first. After a moment that is sure (CONVERSATION_SURE_NS). A RST ahead of what was seen, but within the
 * window, is one whose segments before it were not captured, or one that was challenged (RFC 5961
 * section 3.2): it takes a longer silence to tell (CONVERSATION_DOUBT_NS), and until then nothing
 * changes. So does an end of which only the last ACK was not seen.
 *
 * Where the capture holds no segment of a side, nothing of what it acknowledged can be seen: then
 * what was sent to it counts as acknowledged.
 *
 * Adopted conversations (data without a handshake) have unknown roles: `client` is who has the port
 * that a client would have, and the byte counts are those from then on.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/event.h"
#include "packet/handshake.h"
#include "packet/resend.h"
#include "packet/stream.h"
#include "packet/ttl.h"

enum conversation_side { SIDE_CLIENT, SIDE_SERVER, SIDE_COUNT };

enum conversation_phase {
	CONVERSATION_OPENING,
	CONVERSATION_SYNCHRONISED,
	CONVERSATION_ENDING,
	CONVERSATION_CLOSED,
};

#define CONVERSATION_SURE_NS 1000000000ull
#define CONVERSATION_DOUBT_NS 30000000000ull

enum conversation_end {
	CONVERSATION_LIVE,
	CONVERSATION_FIN,
	CONVERSATION_RESET_BY_CLIENT,
	CONVERSATION_RESET_BY_SERVER,
	CONVERSATION_REFUSED, /* RST to the SYN, or before the handshake was over */
	CONVERSATION_ABORTED, /* the client's RST, likewise */
	CONVERSATION_UNREACHABLE,
	CONVERSATION_TIMED_OUT, /* the handshake did */
	/* The end was not seen: */
	CONVERSATION_REPLACED, /* another one was established on the tuple */
	CONVERSATION_IDLE,
	CONVERSATION_EVICTED, /* no room */
	CONVERSATION_END_COUNT
};

struct conversation {
	uint64_t id;			  /* of the table, never 0, never used again */
	uint64_t first_ns;		  /* first segment */
	uint64_t established_ns;	  /* 0: never, or not known */
	uint64_t last_ns;		  /* last segment */
	uint64_t closed_ns;		  /* 0: live */
	uint64_t reset_ns;		  /* of a RST that ended it, or may have; 0: none */
	uint64_t refuted_ns;		  /* of one whose sender went on; what is kept of it: reset_* */
	struct stream stream[SIDE_COUNT]; /* sent by client, sent by server */
	struct resend resend[SIDE_COUNT]; /* why they sent something again */
	uint32_t reset_seq;
	uint32_t refuted_at; /* segments that the other side had sent when it was refuted */
	uint8_t reset_side,
		reset_state; /* the sender's state then: what comes later is none of its */
	uint8_t phase, end;
	uint8_t family;
	uint8_t scale[SIDE_COUNT];   /* enum conversation_scale, or the shift count */
	uint16_t ttl[SIDE_COUNT];    /* ttl_usual() of its segments but RSTs */
	uint8_t reset_ttl, usual_ttl; /* of reset_ns: its own, and that of its sender's SYNs; 0: not known */
	uint32_t room[SIDE_COUNT];   /* the largest window that it offered, in bytes */
	bool lacks_sack[SIDE_COUNT]; /* its SYN did not permit it */
	bool is_adopted;
	bool is_self; /* both ends are one socket: all is in stream[SIDE_CLIENT] */
	bool is_passive_close[SIDE_COUNT]; /* its FIN came after it had acknowledged the other's */
	bool has_news;			   /* of the table: it may have changed since it was sampled last */
	bool is_reset_refuted;		   /* its sender goes on, though not beyond it yet */
};

/* What a SYN said of the window scale option (RFC 7323 section 2): up to 14, or one of these. */
enum conversation_scale {
	SCALE_UNKNOWN = 0x80, /* it was not seen */
	SCALE_ABSENT,
};

enum conversation_step {
	CONVERSATION_FOREIGN, /* not a packet of this connection */
	CONVERSATION_TAKEN,
	CONVERSATION_DOUBTED, /* of this connection if another segment says so: a claim (stream.h)
			       */
	CONVERSATION_ESTABLISHES,
	CONVERSATION_CLOSES,
};

/* How well do the numbers of a segment fit, which is neither SYN nor ICMP? */
enum conversation_fit {
	CONVERSATION_UNFIT,
	CONVERSATION_FITS,
	CONVERSATION_FOLLOWS, /* both go on where it was: no other connection has such numbers */
};

/*
 * Begin one; false if `p` begins none. `*h` becomes its handshake, which the caller keeps beside it
 * and passes to every call; of an adopted one only the endpoints are set, and it counts as over.
 */
bool conversation_begin(struct conversation *c, struct handshake *h, const struct packet *p);

enum conversation_step conversation_step(struct conversation *c, struct handshake *h,
					 const struct packet *p);

/* Of one that is synchronised or ending. */
enum conversation_fit conversation_judge(const struct conversation *c, const struct handshake *h,
					 const struct packet *p);

/* Does it only wait for silence? Then conversation_settle() closes it; the time that it takes. */
uint64_t conversation_patience_ns(const struct conversation *c);
void conversation_settle(struct conversation *c);

/* The handshake was concluded by time: become synchronised or closed. */
enum conversation_step conversation_follow(struct conversation *c, const struct handshake *h);

void conversation_close(struct conversation *c, enum conversation_end end, uint64_t time_ns);

/* What `side` has sent. */
const struct stream *conversation_stream(const struct conversation *c, enum conversation_side side);

/* What the application on `side` has written so far, as far as the wire shows. */
uint64_t conversation_sent_bytes(const struct conversation *c, enum conversation_side side);

/* Of what `side` has written: what the other side has acknowledged, and so received in order; all
 * if nothing of the other side was captured. */
uint64_t conversation_acked_bytes(const struct conversation *c, enum conversation_side side);

/* Segments and SYNs that `side` sent again. */
uint32_t conversation_retrans_segs(const struct conversation *c, const struct handshake *h,
				   enum conversation_side side);

/* Why: segments by enum ev_cause, which add up to conversation_retrans_segs(). */
void conversation_causes(const struct conversation *c, const struct handshake *h,
			 enum conversation_side side, uint32_t ret[CAUSE_COUNT]);

/* Does `side` stand so far from the capture that acknowledgements are seen long before it sees
 * them, and segments long after it sent them? Not if the handshake does not tell. */
bool conversation_is_afar(const struct conversation *c, const struct handshake *h,
			  enum conversation_side side);

/* Segments that were taken for it and not counted, since their numbers cannot be, or were confirmed
 * by nobody. */
uint64_t conversation_ignored(const struct conversation *c);

/* SYN to the end of the handshake; 0: not known. */
uint64_t conversation_handshake_ns(const struct conversation *c, const struct handshake *h);

/* TCP's state at `side`, numbered as the kernel does; of a closed one, the last before CLOSE. */
enum tcp_state_number conversation_tcp_state(const struct conversation *c,
					     const struct handshake *h,
					     enum conversation_side side);

/* The end as `side` sees it; END_NONE also if the end was not seen. */
enum ev_end conversation_end_at(const struct conversation *c, enum conversation_side side);

/* The TTL of the RST that ended it, and what its sender's packets have; each 0 if it is not known. */
struct conversation_reset_ttl {
	uint8_t reset, usual;
};
struct conversation_reset_ttl conversation_reset_ttl(const struct conversation *c,
						     const struct handshake *h);

/* What Zeek would call it (conn_state.h). */
const char *conversation_conn_state(const struct conversation *c, const struct handshake *h);

/* "fin", "idle", ...; never NULL. */
const char *conversation_end_name(enum conversation_end end);
