// SPDX-License-Identifier: BSD-2-Clause
#include "packet/conn_state.h"
#include "packet/handshake.h"

static const char *const outcome_name[] = {
	[HANDSHAKE_PENDING] = "pending",	 [HANDSHAKE_ESTABLISHED] = "established",
	[HANDSHAKE_REJECTED] = "rejected",	 [HANDSHAKE_ABORTED] = "aborted",
	[HANDSHAKE_UNREACHABLE] = "unreachable", [HANDSHAKE_TIMED_OUT] = "timed-out",
	[HANDSHAKE_SUPERSEDED] = "superseded",
};
_Static_assert(sizeof(outcome_name) / sizeof(outcome_name[0]) == HANDSHAKE_OUTCOME_COUNT,
	       "every outcome has a name");

const char *handshake_outcome_name(enum handshake_outcome outcome)
{
	return (unsigned int)outcome < HANDSHAKE_OUTCOME_COUNT ? outcome_name[outcome] : "unknown";
}

static enum conn_end client_end(const struct handshake *h)
{
	if (h->outcome == HANDSHAKE_ABORTED)
		return CONN_RESET;
	if (h->marks & HANDSHAKE_SAW_CLIENT_FIN)
		return CONN_CLOSED;
	if (!(h->marks & HANDSHAKE_SAW_REPLY))
		return CONN_SYN_SENT;
	if (h->marks & (HANDSHAKE_SAW_SYN | HANDSHAKE_SAW_CLIENT_ACK))
		return CONN_ESTABLISHED;
	return CONN_INACTIVE;
}

static enum conn_end server_end(const struct handshake *h)
{
	if (h->outcome == HANDSHAKE_REJECTED)
		return CONN_RESET;
	if (h->marks & HANDSHAKE_SAW_SERVER_FIN)
		return CONN_CLOSED;
	if (h->marks & HANDSHAKE_SAW_REPLY)
		return CONN_ESTABLISHED;
	return h->marks & HANDSHAKE_INFERRED ? CONN_PARTIAL : CONN_INACTIVE;
}

const char *handshake_conn_state(const struct handshake *h)
{
	return conn_state_name(client_end(h), server_end(h), h->syn_len || h->server_len);
}
