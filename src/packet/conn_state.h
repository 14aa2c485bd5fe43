// SPDX-License-Identifier: BSD-2-Clause
/*
 * Zeek's conn_state vocabulary: one word for how a connection went, known to everyone who reads
 * conn.log. It is a function of what each end was last seen to do; this is that function, so that
 * handshakes and whole connections speak the same language.
 *
 *	S0	attempt seen, no reply			SF	normal establishment and end
 *	S1	established, not ended			REJ	attempt rejected
 *	S2	established, originator closed only	S3	established, responder closed only
 *	RSTO	established, originator aborted		RSTR	responder sent a RST
 *	RSTOS0	originator sent SYN, then RST, and never saw a SYN/ACK
 *	RSTRH	responder sent SYN/ACK, then RST, and no SYN was seen
 *	SH	originator sent SYN, then FIN, and no SYN/ACK was seen
 *	SHR	responder sent SYN/ACK, then FIN, and no SYN was seen
 *	OTH	none of these; above all traffic whose beginning was not captured
 *
 * "Established" is wider there than in RFC 9293: the SYN/ACK is enough.
 */
#pragma once
#include <stdbool.h>

/* What one end was last seen to do. */
enum conn_end {
	CONN_INACTIVE, /* nothing */
	CONN_PARTIAL,  /* it sent, but neither SYN nor SYN/ACK was seen from it */
	CONN_SYN_SENT, /* its SYN was not answered yet */
	CONN_ESTABLISHED,
	CONN_CLOSED, /* it sent a FIN */
	CONN_RESET,  /* it sent a RST */
};

/* `moved_data`: payload was seen in either direction. */
const char *conn_state_name(enum conn_end originator, enum conn_end responder, bool moved_data);
