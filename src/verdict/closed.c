// SPDX-License-Identifier: BSD-2-Clause
/* Connections that are over: why they ended, if not as both sides wished. */
#include <errno.h>

#include "verdict/rules.h"
#include "verdict/verdict.h"

#define HOLDS(name) static bool name(const struct subject *s, const struct facts *f)

static bool was_connecting(const struct subject *s)
{
	return s->state == ST_SYN_SENT;
}

/* Before it had a port there was nothing to send. */
HOLDS(no_port)
{
	(void)f;
	return was_connecting(s) && !s->ident->lport &&
	       (s->error == 0 || s->error == EADDRNOTAVAIL);
}

HOLDS(refused_by_icmp)
{
	(void)f;
	return was_connecting(s) && s->end_reason == END_REFUSED && s->extra && s->extra->icmp_type;
}

HOLDS(refused_on_the_way)
{
	return was_connecting(s) && s->end_reason == END_REFUSED && reset_is_forged(f);
}

HOLDS(reset_on_the_way)
{
	return s->end_reason == END_RESET_RECEIVED && reset_is_forged(f);
}

HOLDS(refused)
{
	(void)f;
	return was_connecting(s) && s->end_reason == END_REFUSED;
}

HOLDS(no_route)
{
	(void)f;
	return was_connecting(s) && s->end_reason == END_UNREACHABLE &&
	       (s->flags & EV_UNSENT || (s->extra && !s->extra->segs_out && s->extra->known));
}

HOLDS(rejected)
{
	(void)f;
	return s->end_reason == END_UNREACHABLE;
}

HOLDS(gave_up)
{
	(void)f;
	return was_connecting(s) && s->end_reason == END_TIMEOUT;
}

/* The application was less patient than the kernel. */
HOLDS(abandoned)
{
	return was_connecting(s) && s->end_reason == END_ABORTED && s->ident->lport &&
	       (s->count->retrans_segs || fact_get(f, FACT_age_us) >= SECOND);
}

/* A source that is not told why. */
HOLDS(connect_failed)
{
	(void)f;
	return was_connecting(s) && s->end_reason == END_NONE;
}

HOLDS(keepalive_dead)
{
	return s->end_reason == END_TIMEOUT && fact_has(f, FACT_waiting_bytes) &&
	       !f->value[FACT_waiting_bytes];
}

HOLDS(timed_out)
{
	(void)f;
	return s->end_reason == END_TIMEOUT;
}

/* A FIN that was not read counts as a byte. */
HOLDS(reset_unread)
{
	return s->end_reason == END_RESET_SENT &&
	       fact_get(f, FACT_unread_bytes) > (s->state == ST_CLOSE_WAIT);
}

HOLDS(reset_sent)
{
	(void)f;
	return s->end_reason == END_RESET_SENT;
}

/* A byte that waits may be our FIN. */
HOLDS(reset_over_data)
{
	return s->end_reason == END_RESET_RECEIVED && fact_get(f, FACT_waiting_bytes) > 1;
}

HOLDS(reset_by_peer)
{
	(void)f;
	return s->end_reason == END_RESET_RECEIVED;
}

// clang-format off
static const struct rule rules[] = {
	{"ports_exhausted", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "closed in syn_sent without a local port", "one connect()",
	 "connect() found no local port towards {peer}:{peer_port}: all are in use or in TIME_WAIT",
	 "age_us",
	 "keep connections open (pooling); net.ipv4.ip_local_port_range, tcp_tw_reuse; more local addresses",
	 no_port},
	{"rejected", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "refused by an ICMP error", "one ICMP error",
	 "rejected by ICMP (type {icmp}): a router or firewall refuses, not the server",
	 "age_us,syns",
	 "whoever sent the ICMP error is the box to look at: tcpsight peek --icmp",
	 refused_by_icmp},
	{"firewall_reset", SEVERITY_FAILED, CERTAINTY_INFERRED,
	 "refused by a reset whose TTL is not that of the peer's other packets (packets only)", "one reset",
	 "refused on the way to {peer}:{peer_port}: the reset has TTL {reset_ttl}, packets of {peer} have {peer_ttl}",
	 "reset_ttl,peer_ttl,age_us,syns",
	 "a firewall that rejects with a reset, or a proxy, between here and there; capture on both sides of it",
	 refused_on_the_way},
	{"refused", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "closed in syn_sent, ECONNREFUSED", "one answer",
	 "refused: nothing listens on {peer}:{peer_port}[ (answer after {age_us})]",
	 "age_us,syns",
	 "ss -ltn there; whether a firewall rejects with a reset, only packets tell: tcpsight peek",
	 refused},
	{"no_route", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "closed in syn_sent as unreachable, and no SYN was sent", "one connect()",
	 "no way to {peer} from here: not one SYN was sent[ ({error})]",
	 "age_us", "ip route get {peer}; a firewall of this host",
	 no_route},
	{"rejected", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "ended as unreachable", "one ICMP error",
	 "rejected[: {error}][ after {age_us}]: a router or firewall says that {peer} cannot be reached",
	 "age_us,syns",
	 "whoever sent the ICMP error is the box to look at: tcpsight peek --icmp",
	 rejected},
	{"blackhole_syn", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "closed in syn_sent by the kernel's timeout", "all SYNs",
	 "gave up after {syns:SYN}[ in {age_us}] without any answer; something drops them on the way",
	 "syns,age_us",
	 "tcpsight peek on both ends; a firewall that drops, a security group, the route back",
	 gave_up},
	{"blackhole_syn", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "closed in syn_sent by the application, after a SYN was sent again or 1 s", "1 s",
	 "the application gave up connecting[ after {age_us}]: {syns:SYN} had no answer",
	 "syns,age_us",
	 "tcpsight peek on both ends; a firewall that drops, a security group, a full accept queue there",
	 abandoned},
	{"connect_failed", SEVERITY_FAILED, CERTAINTY_INFERRED,
	 "closed in syn_sent, and the source is not told why (netlink)", "one connect()",
	 "could not connect[: over after {age_us}]; whether it was refused or given up cannot be seen here",
	 "age_us,syns",
	 "--source bpf tells the reason; tcpsight peek shows the answer",
	 connect_failed},
	{"keepalive_dead", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "ended by a timeout with nothing in flight", "all probes",
	 "the peer did not answer keep-alive probes: dropped[ after {since_rcv_us} of silence]",
	 "since_rcv_us,probes",
	 "an idle limit of NAT or conntrack below tcp_keepalive_time; the host of the peer",
	 keepalive_dead},
	{"timed_out", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "ended by a timeout with data in flight", "all timeouts",
	 "the peer stopped answering[: {timeouts:timeout}][, nothing heard for {since_ack_us}][, {waiting_bytes} unacknowledged]",
	 "timeouts,since_ack_us,waiting_bytes,age_us",
	 "other connections to that peer: tcpsight why 'dst host {peer}'; link, route, conntrack",
	 timed_out},
	{"reset_unread", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "closed here with bytes that were received and not read", "one byte",
	 "closed with {unread_bytes} unread: the peer sees its connection reset",
	 "unread_bytes,age_us",
	 "read to the end before close(), or shutdown(SHUT_WR) first",
	 reset_unread},
	{"reset_linger", SEVERITY_WATCH, CERTAINTY_MEASURED,
	 "ended here by a reset, with nothing unread", "one reset",
	 "reset from here[ after {age_us}]: SO_LINGER 0, or the process was in a hurry",
	 "age_us,waiting_bytes", "what the peer makes of a reset; SO_LINGER in the application",
	 reset_sent},
	{"firewall_reset", SEVERITY_FAILED, CERTAINTY_INFERRED,
	 "ended by a reset whose TTL is not that of the peer's other packets (packets only)", "one reset",
	 "reset on the way[ after {age_us}]: the reset has TTL {reset_ttl}, packets of {peer} have {peer_ttl}",
	 "reset_ttl,peer_ttl,age_us,waiting_bytes,tx_bytes,rx_bytes",
	 "a firewall or proxy between here and there; its rules, its idle limit; capture on both sides of it",
	 reset_on_the_way},
	{"reset_by_peer", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "a reset came while data was in flight", "one byte",
	 "the peer reset it[ after {age_us}] with {waiting_bytes} in flight",
	 "age_us,waiting_bytes,tx_bytes,rx_bytes", "tcpsight why on the peer; a proxy or firewall between",
	 reset_over_data},
	{"reset_by_peer", SEVERITY_WATCH, CERTAINTY_MEASURED,
	 "a reset came with nothing in flight", "one reset",
	 "the peer reset it[ after {age_us}], nothing was in flight",
	 "age_us,tx_bytes,rx_bytes", "tcpsight why on the peer; many programs end like this on purpose",
	 reset_by_peer},
};
// clang-format on

const struct rule_table rule_closed = {"connections that are over", rules,
				       sizeof(rules) / sizeof(rules[0])};
