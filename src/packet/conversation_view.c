// SPDX-License-Identifier: BSD-2-Clause
/* A conversation as its users want to see it: from one side, in the kernel's or Zeek's words. */
#include <string.h>

#include "packet/conn_state.h"
#include "packet/conversation.h"

static const char *const end_name[] = {
	[CONVERSATION_LIVE] = "live",
	[CONVERSATION_FIN] = "fin",
	[CONVERSATION_RESET_BY_CLIENT] = "reset-by-client",
	[CONVERSATION_RESET_BY_SERVER] = "reset-by-server",
	[CONVERSATION_REFUSED] = "refused",
	[CONVERSATION_ABORTED] = "aborted",
	[CONVERSATION_UNREACHABLE] = "unreachable",
	[CONVERSATION_TIMED_OUT] = "timed-out",
	[CONVERSATION_REPLACED] = "replaced",
	[CONVERSATION_IDLE] = "idle",
	[CONVERSATION_EVICTED] = "evicted",
};
_Static_assert(sizeof(end_name) / sizeof(end_name[0]) == CONVERSATION_END_COUNT,
	       "every end has a name");

const char *conversation_end_name(enum conversation_end end)
{
	return (unsigned int)end < CONVERSATION_END_COUNT ? end_name[end] : "unknown";
}

const struct stream *conversation_stream(const struct conversation *c, enum conversation_side side)
{
	return &c->stream[c->is_self ? SIDE_CLIENT : side];
}

uint64_t conversation_sent_bytes(const struct conversation *c, enum conversation_side side)
{
	return stream_sent_bytes(conversation_stream(c, side));
}

/* Nothing of the other side was captured, so nor its acknowledgements. */
static bool is_one_way(const struct conversation *c, enum conversation_side side)
{
	return !conversation_stream(c, !side)->segs;
}

uint64_t conversation_acked_bytes(const struct conversation *c, enum conversation_side side)
{
	const struct stream *s = conversation_stream(c, side);

	return is_one_way(c, side) ? stream_sent_bytes(s) : stream_acked_bytes(s);
}

uint32_t conversation_retrans_segs(const struct conversation *c, const struct handshake *h,
				   enum conversation_side side)
{
	uint32_t of_handshake = side == SIDE_CLIENT ? h->dup_syn : h->dup_syn_ack;

	return conversation_stream(c, side)->retrans_segs + of_handshake;
}

/* What the stream counts and no cause was asked for: of both ends in one socket. */
void conversation_causes(const struct conversation *c, const struct handshake *h,
			 enum conversation_side side, uint32_t ret[CAUSE_COUNT])
{
	const struct resend *r = &c->resend[c->is_self ? SIDE_CLIENT : side];
	uint32_t known = 0;

	memcpy(ret, r->cause, sizeof(r->cause));
	for (int i = 0; i < CAUSE_COUNT; i++)
		known += ret[i];
	ret[CAUSE_OTHER] += conversation_stream(c, side)->retrans_segs - known;
	ret[CAUSE_SYN] += side == SIDE_CLIENT ? h->dup_syn : h->dup_syn_ack;
}

/* From the capture to the end and back: the client answers the SYN/ACK, the server the SYN. */
static uint64_t leg_ns(const struct handshake *h, enum conversation_side side)
{
	uint64_t from = side == SIDE_CLIENT ? h->reply_ns : h->syn_last_ns;
	uint64_t to = side == SIDE_CLIENT ? h->ack_ns : h->reply_ns;

	return from && to > from ? to - from : 0;
}

/* Less than this is what a host needs to answer. */
#define AFAR_NS 1000000u

bool conversation_is_afar(const struct conversation *c, const struct handshake *h,
			  enum conversation_side side)
{
	uint64_t own = leg_ns(h, side), other = leg_ns(h, !side);

	return !c->is_adopted && h->marks & HANDSHAKE_SAW_SYN && own > AFAR_NS && own > other / 4;
}

uint64_t conversation_ignored(const struct conversation *c)
{
	uint64_t ignored = 0;

	for (int side = 0; side < SIDE_COUNT; side++)
		ignored += c->stream[side].ignored + c->stream[side].claim.is_made;
	return ignored + (c->phase != CONVERSATION_CLOSED && c->reset_ns && c->is_reset_refuted);
}

uint64_t conversation_handshake_ns(const struct conversation *c, const struct handshake *h)
{
	bool whole = h->marks & HANDSHAKE_SAW_SYN && c->established_ns;

	return whole ? c->established_ns - h->first_ns : 0;
}

static enum tcp_state_number opening_state(const struct handshake *h, enum conversation_side side)
{
	if (side == SIDE_SERVER || h->state == HANDSHAKE_SYN_CROSSED)
		return ST_SYN_RECV;
	return h->state == HANDSHAKE_ACK_EARLY ? ST_ESTABLISHED : ST_SYN_SENT;
}

/* RFC 9293 section 3.3.2, figure 5, from ESTABLISHED on. */
static enum tcp_state_number closing_state(const struct stream *own, const struct stream *peer,
					   bool is_passive)
{
	if (!own->has_fin)
		return peer->has_fin ? ST_CLOSE_WAIT : ST_ESTABLISHED;
	if (is_passive)
		return ST_LAST_ACK;
	if (!peer->has_fin)
		return own->fin_is_acked ? ST_FIN_WAIT2 : ST_FIN_WAIT1;
	return own->fin_is_acked ? ST_TIME_WAIT : ST_CLOSING;
}

static bool was_reset_by(const struct conversation *c, enum conversation_side side)
{
	return c->end ==
	       (side == SIDE_CLIENT ? CONVERSATION_RESET_BY_CLIENT : CONVERSATION_RESET_BY_SERVER);
}

enum tcp_state_number conversation_tcp_state(const struct conversation *c,
					     const struct handshake *h, enum conversation_side side)
{
	bool was_established = c->is_adopted || c->established_ns;

	if (!was_established)
		return opening_state(h, side);
	if (was_reset_by(c, side))
		return (enum tcp_state_number)c->reset_state;
	return closing_state(conversation_stream(c, side), conversation_stream(c, !side),
			     c->is_passive_close[side]);
}

enum ev_end conversation_end_at(const struct conversation *c, enum conversation_side side)
{
	switch (c->end) {
	case CONVERSATION_FIN:
		return END_FIN;
	case CONVERSATION_RESET_BY_CLIENT:
		return side == SIDE_CLIENT ? END_RESET_SENT : END_RESET_RECEIVED;
	case CONVERSATION_RESET_BY_SERVER:
		return side == SIDE_SERVER ? END_RESET_SENT : END_RESET_RECEIVED;
	case CONVERSATION_REFUSED:
		return END_REFUSED;
	case CONVERSATION_ABORTED:
		return END_ABORTED;
	case CONVERSATION_UNREACHABLE:
		return END_UNREACHABLE;
	case CONVERSATION_TIMED_OUT:
		return END_TIMEOUT;
	default:
		return END_NONE;
	}
}

/* Its own segments tell best; a side that sent none else may have sent SYNs elsewhere. */
struct conversation_reset_ttl conversation_reset_ttl(const struct conversation *c,
						     const struct handshake *h)
{
	struct conversation_reset_ttl ret = {0};

	if (c->end == CONVERSATION_REFUSED || c->end == CONVERSATION_ABORTED)
		ret = (struct conversation_reset_ttl){h->reset_ttl, h->usual_ttl};
	else if (was_reset_by(c, SIDE_CLIENT) || was_reset_by(c, SIDE_SERVER))
		ret = (struct conversation_reset_ttl){c->reset_ttl,
						      c->ttl[c->reset_side]
							      ? ttl_known(c->ttl[c->reset_side])
							      : c->usual_ttl};
	return ret;
}

static enum conn_end end_of(const struct conversation *c, enum conversation_side side)
{
	if (was_reset_by(c, side))
		return CONN_RESET;
	if (conversation_stream(c, side)->has_fin)
		return CONN_CLOSED;
	return conversation_stream(c, side)->segs ? CONN_ESTABLISHED : CONN_INACTIVE;
}

/* An end that sent, but whose SYN or SYN/ACK was not seen, is "partial" to Zeek. */
static enum conn_end established_end_of(const struct conversation *c, const struct handshake *h,
					enum conversation_side side)
{
	enum conn_end end = end_of(c, side);
	bool answered = h->marks & HANDSHAKE_SAW_REPLY;

	if (end != CONN_ESTABLISHED || answered)
		return end;
	if (c->is_adopted || side == SIDE_SERVER)
		return CONN_PARTIAL;
	return CONN_SYN_SENT;
}

const char *conversation_conn_state(const struct conversation *c, const struct handshake *h)
{
	bool moved_data = c->stream[SIDE_CLIENT].data_segs || c->stream[SIDE_SERVER].data_segs;

	if (!c->is_adopted && !c->established_ns)
		return handshake_conn_state(h);
	return conn_state_name(established_end_of(c, h, SIDE_CLIENT),
			       established_end_of(c, h, SIDE_SERVER), moved_data);
}
