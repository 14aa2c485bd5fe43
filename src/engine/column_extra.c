// SPDX-License-Identifier: BSD-2-Clause
#include "engine/column_extra.h"

#include <stdbool.h>

#define COLUMN(name) struct value column_##name(const struct row *r)

/* Can the source see this of the row's socket? Of several sockets there is nothing to show. */
static bool knows(const struct row *r, enum ev_known bit)
{
	return r->extra && r->extra->known & bit;
}

#define FIELD(name, field, bit)                                                                    \
	COLUMN(name)                                                                               \
	{                                                                                          \
		return knows(r, bit) ? value_uint(r->extra->field) : value_none();                 \
	}

FIELD(rmem_bytes, rmem_bytes, KNOWN_MEMORY)
FIELD(wmem_bytes, wmem_bytes, KNOWN_MEMORY)
FIELD(since_snd_ms, since_snd_ms, KNOWN_SINCE_SND)
FIELD(since_rcv_ms, since_rcv_ms, KNOWN_SINCE_RCV)
FIELD(since_ack_ms, since_ack_ms, KNOWN_SINCE_ACK)
FIELD(snd_wnd, snd_wnd, KNOWN_SND_WND)
FIELD(rcv_wnd, rcv_wnd, KNOWN_RCV_WND)
FIELD(notsent, notsent, KNOWN_FLIGHT)
FIELD(unacked, packets_out, KNOWN_FLIGHT)
FIELD(sacked, sacked, KNOWN_FLIGHT)
FIELD(backoff, backoff, KNOWN_FLIGHT)
FIELD(probes_out, probes_out, KNOWN_FLIGHT)
FIELD(rcvbuf, rcvbuf, KNOWN_MEMORY)
FIELD(sndbuf, sndbuf, KNOWN_MEMORY)
FIELD(forward_bytes, forward_bytes, KNOWN_MEMORY)
FIELD(pacing_rate, pacing_rate, KNOWN_PACING)
FIELD(redirected, redirected, KNOWN_REDIRECTED)
FIELD(holders, holders, KNOWN_HOLDERS)

COLUMN(causes_by)
{
	if (!knows(r, KNOWN_CAUSES))
		return value_none();
	if (!knows(r, KNOWN_PACKETS))
		return value_text("kernel");
	return value_text(knows(r, KNOWN_AFAR) ? "packets_afar" : "packets");
}

COLUMN(pmtu)
{
	return knows(r, KNOWN_FLIGHT) && r->extra->pmtu ? value_uint(r->extra->pmtu) : value_none();
}

COLUMN(rcv_rtt_us)
{
	return knows(r, KNOWN_FLIGHT) && r->extra->rcv_rtt_us ? value_uint(r->extra->rcv_rtt_us)
							      : value_none();
}

COLUMN(synack_retrans)
{
	if (!knows(r, KNOWN_CAUSES) || (r->state != ST_LISTEN && r->ident->role != ROLE_ACCEPT))
		return value_none();
	return value_uint(r->state == ST_LISTEN ? r->extra->retrans[CAUSE_SYN]
						: r->extra->synack_retrans);
}

/* The words of enum tcp_ca_state (include/uapi/linux/tcp.h). */
COLUMN(ca_state)
{
	static const char *const names[] = {"open", "disorder", "cwr", "recovery", "loss"};
	unsigned state = r->extra ? r->extra->ca_state : 0;

	return knows(r, KNOWN_FLIGHT) && state < sizeof(names) / sizeof(names[0])
		       ? value_text(names[state])
		       : value_none();
}

/* As ss -o calls them; the numbers are those of inet_diag. */
COLUMN(timer)
{
	static const char *const names[] = {"", "on", "keepalive", "timewait", "persist"};

	return r->extra && r->extra->timer < 5 ? value_text(names[r->extra->timer]) : value_none();
}

COLUMN(timer_ms)
{
	return r->extra && r->extra->timer ? value_uint(r->extra->timer_ms) : value_none();
}

COLUMN(retransmits)
{
	return r->extra ? value_uint(r->extra->retransmits) : value_none();
}
