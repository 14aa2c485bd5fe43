// SPDX-License-Identifier: BSD-2-Clause
/*
 * The transitions of handshake.h. The table at the end has a row for each state and a column for
 * each kind of segment; an empty field means "does not fit". Functions above it are named for what
 * the segment is in that state. Each looks at the numbers first and changes nothing if they are
 * wrong.
 */
#include "packet/handshake_evidence.h"
#include "packet/sequence.h"

typedef enum handshake_step (*transition_fn)(struct handshake *h, const struct packet *p);

/* Both ends alike: a socket connected to itself, by simultaneous open. */
static bool is_self(const struct handshake *h)
{
	return endpoint_is_equal(&h->client, &h->server);
}

static enum handshake_step establish_if_both_acked(struct handshake *h, const struct packet *p)
{
	const uint32_t both = HANDSHAKE_SAW_CLIENT_ACK | HANDSHAKE_SAW_SERVER_ACK;

	return (h->marks & both) == both ? handshake_establish(h, p) : STEP_TAKEN;
}

/* SYN */

static enum handshake_step syn_again(struct handshake *h, const struct packet *p)
{
	if (p->seq != h->client_isn)
		return STEP_FOREIGN;
	handshake_note_syn(h, p);
	h->dup_syn++;
	return STEP_TAKEN;
}

/* The SYN/ACK acknowledges the SYN, and its data if there was some. */
static enum handshake_step syn_after_reply(struct handshake *h, const struct packet *p)
{
	if (!sequence_within(h->client_isn, p->seq, p->payload_len))
		return STEP_FOREIGN;
	if (h->client_isn != p->seq)
		h->marks |= HANDSHAKE_TFO_ACCEPTED;
	h->client_isn = p->seq;
	handshake_note_syn(h, p);
	h->state = HANDSHAKE_SYN_RECEIVED;
	return STEP_TAKEN;
}

static enum handshake_step syn_crosses(struct handshake *h, const struct packet *p)
{
	handshake_note_reply(h, p);
	h->marks |= HANDSHAKE_SIMULTANEOUS;
	h->state = HANDSHAKE_SYN_CROSSED;
	return STEP_TAKEN;
}

static enum handshake_step crossing_syn_again(struct handshake *h, const struct packet *p)
{
	if (p->seq != h->server_isn[0])
		return STEP_FOREIGN;
	h->dup_syn++;
	return STEP_TAKEN;
}

/* SYN/ACK */

static enum handshake_step reply(struct handshake *h, const struct packet *p)
{
	if (!handshake_acks_client(h, p->ack))
		return STEP_FOREIGN;
	handshake_note_reply(h, p);
	h->state = HANDSHAKE_SYN_RECEIVED;
	return STEP_TAKEN;
}

static enum handshake_step reply_again(struct handshake *h, const struct packet *p)
{
	if (!handshake_acks_client(h, p->ack))
		return STEP_FOREIGN;
	if (p->seq != h->server_isn[0] && p->seq != h->server_isn[1])
		h->marks |= HANDSHAKE_REISSUED;
	handshake_note_reply(h, p);
	h->dup_syn_ack++;
	return STEP_TAKEN;
}

static enum handshake_step reply_after_ack(struct handshake *h, const struct packet *p)
{
	if (!handshake_acks_client(h, p->ack) ||
	    !sequence_within(h->early_ack, p->seq + 1, SEQUENCE_WINDOW_UNSCALED))
		return STEP_FOREIGN;
	handshake_note_reply(h, p);
	return handshake_establish(h, p);
}

/* The client answers a SYN that was not captured; a socket connected to itself answers its own. */
static enum handshake_step client_replies(struct handshake *h, const struct packet *p)
{
	if (p->seq != h->client_isn)
		return STEP_FOREIGN;
	h->server_isn[0] = h->server_isn[1] = p->ack - 1;
	h->reply_ns = p->time_ns;
	h->marks |= HANDSHAKE_SIMULTANEOUS | HANDSHAKE_SAW_REPLY;
	if (is_self(h) && handshake_acks_client(h, p->ack))
		h->marks |= HANDSHAKE_SAW_SERVER_ACK;
	handshake_note_client_ack(h, p);
	h->state = HANDSHAKE_SYN_CROSSED;
	return establish_if_both_acked(h, p);
}

static enum handshake_step client_replies_late(struct handshake *h, const struct packet *p)
{
	if (p->seq != h->client_isn || !handshake_acks_server(h, p->ack))
		return STEP_FOREIGN;
	h->marks |= HANDSHAKE_SIMULTANEOUS;
	handshake_note_client_ack(h, p);
	return handshake_establish(h, p);
}

static enum handshake_step client_acks_crossing(struct handshake *h, const struct packet *p)
{
	bool fits = p->flags & TCP_SYN
			    ? p->seq == h->client_isn
			    : handshake_follows_client(h, p->seq, SEQUENCE_WINDOW_UNSCALED);

	if (!fits || !handshake_acks_server(h, p->ack))
		return STEP_FOREIGN;
	handshake_note_client_ack(h, p);
	return establish_if_both_acked(h, p);
}

static enum handshake_step server_acks_crossing(struct handshake *h, const struct packet *p)
{
	bool fits = p->flags & TCP_SYN
			    ? p->seq == h->server_isn[0]
			    : handshake_follows_server(h, p->seq, SEQUENCE_WINDOW_UNSCALED);

	if (!fits || !handshake_acks_client(h, p->ack))
		return STEP_FOREIGN;
	h->marks |= HANDSHAKE_SAW_SERVER_ACK;
	return establish_if_both_acked(h, p);
}

/* ACK, with or without data and FIN */

static enum handshake_step final_ack(struct handshake *h, const struct packet *p)
{
	if (!handshake_follows_client(h, p->seq, h->server_window) ||
	    !handshake_acks_server(h, p->ack))
		return STEP_FOREIGN;
	handshake_note_client_ack(h, p);
	return handshake_establish(h, p);
}

static enum handshake_step ack_before_reply(struct handshake *h, const struct packet *p)
{
	if (!handshake_follows_client(h, p->seq, SEQUENCE_WINDOW_UNSCALED))
		return STEP_FOREIGN;
	if (h->state != HANDSHAKE_ACK_EARLY)
		h->early_ack = p->ack;
	handshake_note_client_ack(h, p);
	h->state = HANDSHAKE_ACK_EARLY;
	return STEP_TAKEN;
}

/* Does a server's segment without SYN and RST show that it is ESTABLISHED? */
static bool shows_established(const struct handshake *h, const struct packet *p)
{
	if (!handshake_acks_client(h, p->ack))
		return handshake_follows_client(h, p->ack, SEQUENCE_WINDOW_UNSCALED);
	return (p->flags & TCP_FIN || p->payload_len) && !(h->marks & HANDSHAKE_TFO_ACCEPTED);
}

static enum handshake_step server_speaks_first(struct handshake *h, const struct packet *p)
{
	if (!shows_established(h, p)) {
		h->challenge_acks++;
		return STEP_TAKEN;
	}
	h->marks |= HANDSHAKE_INFERRED;
	return handshake_establish(h, p);
}

static enum handshake_step server_speaks(struct handshake *h, const struct packet *p)
{
	uint32_t end = p->seq + p->payload_len - (h->server_isn[1] + 1);

	if (!handshake_follows_server(h, p->seq, SEQUENCE_WINDOW_UNSCALED))
		return STEP_FOREIGN;
	if (shows_established(h, p)) {
		h->marks |= HANDSHAKE_INFERRED;
		return handshake_establish(h, p);
	}
	if (!handshake_acks_client(h, p->ack))
		return STEP_FOREIGN;
	if (end > h->server_len && end <= SEQUENCE_WINDOW_UNSCALED)
		h->server_len = end;
	return STEP_TAKEN;
}

static enum handshake_step server_confirms(struct handshake *h, const struct packet *p)
{
	if (!sequence_within(p->seq, h->early_ack, SEQUENCE_WINDOW_UNSCALED) ||
	    !handshake_follows_client(h, p->ack, SEQUENCE_WINDOW_UNSCALED))
		return STEP_FOREIGN;
	h->marks |= HANDSHAKE_INFERRED;
	return handshake_establish(h, p);
}

/* RST */

static enum handshake_step end_if(struct handshake *h, const struct packet *p, bool fits,
				  enum handshake_outcome outcome)
{
	if (!fits)
		return STEP_FOREIGN;
	h->reset_ttl = p->ttl;
	h->usual_ttl = p->usual_ttl;
	return handshake_conclude(h, outcome, p->time_ns);
}

/* Only the number that the server expects next (RFC 5961 section 3.2), SYN data taken or not. */
static bool is_next_of_client(const struct handshake *h, const struct packet *p)
{
	return p->seq == h->client_isn + 1 || p->seq == h->client_isn + 1 + h->syn_len;
}

/* RFC 9293 section 3.10.7.3: in SYN-SENT, a RST counts only with an ACK for the SYN. */
static bool answers_syn(const struct handshake *h, const struct packet *p)
{
	return p->flags & TCP_ACK && handshake_acks_client(h, p->ack);
}

static enum handshake_step client_resets(struct handshake *h, const struct packet *p)
{
	return end_if(h, p, is_next_of_client(h, p), HANDSHAKE_ABORTED);
}

static enum handshake_step client_resets_later(struct handshake *h, const struct packet *p)
{
	return handshake_follows_client(h, p->seq, SEQUENCE_WINDOW_UNSCALED)
		       ? handshake_establish(h, p)
		       : STEP_FOREIGN;
}

static enum handshake_step client_resets_crossing(struct handshake *h, const struct packet *p)
{
	bool answers = p->flags & TCP_ACK && handshake_acks_server(h, p->ack);

	return end_if(h, p, answers || is_next_of_client(h, p), HANDSHAKE_ABORTED);
}

static enum handshake_step server_rejects(struct handshake *h, const struct packet *p)
{
	return end_if(h, p, answers_syn(h, p), HANDSHAKE_REJECTED);
}

static enum handshake_step server_resets(struct handshake *h, const struct packet *p)
{
	bool is_next = handshake_follows_server(h, p->seq, 0);

	return end_if(h, p, is_next || answers_syn(h, p), HANDSHAKE_REJECTED);
}

static enum handshake_step server_resets_early(struct handshake *h, const struct packet *p)
{
	return end_if(h, p, p->seq == h->early_ack || answers_syn(h, p), HANDSHAKE_REJECTED);
}

/* After the end: recognise what must not begin a new handshake. */

static enum handshake_step late_if(bool fits)
{
	return fits ? STEP_TAKEN : STEP_FOREIGN;
}

/* After a failure a client that sends its SYN again tries again (Windows does so after a RST). */
static enum handshake_step late_syn(struct handshake *h, const struct packet *p)
{
	return late_if(p->seq == h->client_isn && h->outcome == HANDSHAKE_ESTABLISHED);
}

static enum handshake_step late_reply(struct handshake *h, const struct packet *p)
{
	return late_if(handshake_acks_client(h, p->ack));
}

static enum handshake_step late_crossing_syn(struct handshake *h, const struct packet *p)
{
	return late_if(h->marks & HANDSHAKE_SIMULTANEOUS && p->seq == h->server_isn[0]);
}

static enum handshake_step late_crossing_reply(struct handshake *h, const struct packet *p)
{
	return late_if(h->marks & HANDSHAKE_SIMULTANEOUS && p->seq == h->client_isn);
}

static const transition_fn transition[HANDSHAKE_STATE_COUNT][HANDSHAKE_SEGMENT_COUNT] = {
	[HANDSHAKE_SYN_SENT] =
		{
			[CLIENT_SYN] = syn_again,
			[SERVER_SYN] = syn_crosses,
			[CLIENT_SYN_ACK] = client_replies,
			[SERVER_SYN_ACK] = reply,
			[CLIENT_ACK] = ack_before_reply,
			[SERVER_ACK] = server_speaks_first,
			[CLIENT_RST] = client_resets,
			[SERVER_RST] = server_rejects,
		},
	[HANDSHAKE_SYN_CROSSED] =
		{
			[CLIENT_SYN] = syn_again,
			[SERVER_SYN] = crossing_syn_again,
			[CLIENT_SYN_ACK] = client_acks_crossing,
			[SERVER_SYN_ACK] = server_acks_crossing,
			[CLIENT_ACK] = client_acks_crossing,
			[SERVER_ACK] = server_acks_crossing,
			[CLIENT_RST] = client_resets_crossing,
			[SERVER_RST] = server_resets,
		},
	[HANDSHAKE_SYN_RECEIVED] =
		{
			[CLIENT_SYN] = syn_again,
			[CLIENT_SYN_ACK] = client_replies_late,
			[SERVER_SYN_ACK] = reply_again,
			[CLIENT_ACK] = final_ack,
			[SERVER_ACK] = server_speaks,
			[CLIENT_RST] = client_resets,
			[SERVER_RST] = server_resets,
		},
	[HANDSHAKE_REPLY_FIRST] =
		{
			[CLIENT_SYN] = syn_after_reply,
			[CLIENT_SYN_ACK] = client_replies_late,
			[SERVER_SYN_ACK] = reply_again,
			[CLIENT_ACK] = final_ack,
			[SERVER_ACK] = server_speaks,
			[CLIENT_RST] = client_resets,
			[SERVER_RST] = server_resets,
		},
	[HANDSHAKE_ACK_EARLY] =
		{
			[CLIENT_SYN] = syn_again,
			[SERVER_SYN_ACK] = reply_after_ack,
			[CLIENT_ACK] = ack_before_reply,
			[SERVER_ACK] = server_confirms,
			[CLIENT_RST] = client_resets_later,
			[SERVER_RST] = server_resets_early,
		},
	[HANDSHAKE_CONCLUDED] =
		{
			[CLIENT_SYN] = late_syn,
			[SERVER_SYN] = late_crossing_syn,
			[CLIENT_SYN_ACK] = late_crossing_reply,
			[SERVER_SYN_ACK] = late_reply,
		},
};

enum handshake_step handshake_apply(struct handshake *h, enum handshake_segment segment,
				    const struct packet *p)
{
	transition_fn fn = transition[h->state][segment];

	return fn ? fn(h, p) : STEP_FOREIGN;
}
