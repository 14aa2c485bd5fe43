// SPDX-License-Identifier: BSD-2-Clause
/* What the conversation*.c share, private to them. */
#pragma once
#include "packet/conversation.h"
#include "packet/handshake_evidence.h"

static inline enum conversation_side side_of(const struct handshake *h, const struct packet *p)
{
	return handshake_is_from_client(h, p) ? SIDE_CLIENT : SIDE_SERVER;
}

static inline enum conversation_side peer_of(const struct conversation *c,
					     enum conversation_side side)
{
	return c->is_self || side == SIDE_SERVER ? SIDE_CLIENT : SIDE_SERVER;
}

/* How to judge the two numbers of a segment: its own, and the one that it acknowledges. */
struct judges {
	struct stream_peer own, acked;
};

struct judges conversation_judges(const struct conversation *c, const struct handshake *h,
				  enum conversation_side side, const struct packet *p);

/* Nothing is known of windows yet. */
void conversation_begin_windows(struct conversation *c);

/* Count a segment: what it carries, and what it acknowledges. FOREIGN if its numbers cannot be of
 * this connection, DOUBTED if it became a claim (stream.h), else TAKEN. */
enum conversation_step conversation_track(struct conversation *c, const struct handshake *h,
					  const struct packet *p);

/* An ICMP error about what it sent. */
void conversation_take_icmp(struct conversation *c, const struct handshake *h,
			    const struct packet *p);

void conversation_note_time(struct conversation *c, const struct packet *p);

/* A RST of a synchronised or ending conversation. */
enum conversation_step conversation_take_reset(struct conversation *c, const struct handshake *h,
					       const struct packet *p);

/* Any other segment of one that is ending: does it tell nothing new? Otherwise it may go on. */
bool conversation_is_over(struct conversation *c, const struct handshake *h,
			  const struct packet *p);

/* A segment was taken after a RST that is in doubt: does it support or refute it? */
void conversation_doubt_reset(struct conversation *c, const struct handshake *h,
			      const struct packet *p);
