// SPDX-License-Identifier: BSD-2-Clause
/* Handshakes, as `peek` shows them: from packets, or from the kernel. */
#include "verdict/rules.h"
#include "verdict/verdict.h"

#define HOLDS(name) static bool name(const struct subject *s, const struct facts *f)

static bool is(const struct subject *s, enum ev_outcome outcome)
{
	return s->handshake->outcome == outcome;
}

/* Did the server answer? By Zeek's word, or by what went again. */
static bool was_answered(const struct subject *s)
{
	return s->handshake->dup_syn_ack || s->handshake->conn_state[0] == 'R' ||
	       (s->handshake->directions == DIRECTION_RX);
}

HOLDS(not_sent)
{
	(void)f;
	return is(s, OUTCOME_NOT_SENT);
}

HOLDS(overflow)
{
	(void)f;
	return is(s, OUTCOME_OVERFLOW) || is(s, OUTCOME_LISTEN_DROP);
}

HOLDS(refused_on_the_way)
{
	return is(s, OUTCOME_REJECTED) && reset_is_forged(f);
}

HOLDS(refused)
{
	(void)f;
	return is(s, OUTCOME_REJECTED);
}

HOLDS(rejected)
{
	(void)f;
	return is(s, OUTCOME_UNREACHABLE);
}

HOLDS(no_ack)
{
	(void)f;
	return (is(s, OUTCOME_TIMED_OUT) || is(s, OUTCOME_GONE)) && was_answered(s);
}

HOLDS(no_answer)
{
	(void)f;
	return is(s, OUTCOME_TIMED_OUT);
}

HOLDS(aborted)
{
	(void)f;
	return is(s, OUTCOME_ABORTED);
}

HOLDS(slow)
{
	return is(s, OUTCOME_ESTABLISHED) && fact_get(f, FACT_syns_again) > 0;
}

// clang-format off
static const struct rule rules[] = {
	{"ports_exhausted", SEVERITY_FAILED, CERTAINTY_INFERRED,
	 "connect() failed before its SYN", "one connect()",
	 "connect() failed before its SYN: no local port, or no route", "age_us",
	 "net.ipv4.ip_local_port_range; ip route get {peer}",
	 not_sent},
	{"accept_queue_full", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "there was no room in the accept queue", "one segment",
	 "the server does not accept: no room in its queue[, {drops:SYN or ACK,SYNs and ACKs} dropped]",
	 "drops,syns_again,synacks_again",
	 "its accept loop, then the backlog of listen() and net.core.somaxconn",
	 overflow},
	{"firewall_reset", SEVERITY_FAILED, CERTAINTY_INFERRED,
	 "a reset answered the SYN, and its TTL is not that of the server's other packets", "one reset",
	 "refused on the way[ (after {age_us})]: the reset has TTL {reset_ttl}, packets of the server have {peer_ttl}",
	 "reset_ttl,peer_ttl,age_us,syns",
	 "a firewall that rejects with a reset, or a proxy, before the server",
	 refused_on_the_way},
	{"refused", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "a reset answered the SYN", "one answer",
	 "refused: nothing listens on the port, or a firewall rejects with a reset[ (after {age_us})]",
	 "age_us,syns", "ss -ltn at the server",
	 refused},
	{"rejected", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "an ICMP error answered the SYN", "one ICMP error",
	 "rejected by ICMP[ {icmp}]: a router or firewall, not the server", "age_us,syns",
	 "whoever sent the ICMP error",
	 rejected},
	{"synack_unanswered", SEVERITY_FAILED, CERTAINTY_INFERRED,
	 "it timed out after the server had answered", "all SYN/ACKs",
	 "the SYN/ACK was never answered[, although it was sent again {synacks_again:time}]: the client is gone, or the way back is broken",
	 "synacks_again,syns_again,age_us",
	 "the route back; forged addresses, if there are many",
	 no_ack},
	{"blackhole_syn", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "it timed out, and the server never answered", "all SYNs",
	 "no answer to SYN: {syns} sent, nothing came back; something drops them on the way",
	 "syns,age_us", "a firewall that drops, a security group, a full accept queue, the route back",
	 no_answer},
	{"aborted", SEVERITY_WATCH, CERTAINTY_MEASURED,
	 "the client reset it", "one reset",
	 "the client gave up[ after {age_us}]", "age_us,syns", "its patience: the timeout of its connect()",
	 aborted},
	{"slow_handshake", SEVERITY_SLOW, CERTAINTY_MEASURED,
	 "it was established after a SYN was sent again", "2 SYNs",
	 "established, but only after {syns} SYNs, {age_us} in all: a second is lost with the first of them",
	 "syns,syns_again,synacks_again,age_us", "loss on the path, or a full accept queue",
	 slow},
};
// clang-format on

const struct rule_table rule_handshake = {"handshakes", rules, sizeof(rules) / sizeof(rules[0])};
