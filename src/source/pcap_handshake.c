// SPDX-License-Identifier: BSD-2-Clause
#include "source/pcap_handshake.h"

#include <stdio.h>

#include "abi/event.h"
#include "engine/account.h"
#include "packet/icmp.h"
#include "source/pcap_filter.h"

_Static_assert((int)HANDSHAKE_PENDING == OUTCOME_PENDING &&
		       (int)HANDSHAKE_ESTABLISHED == OUTCOME_ESTABLISHED &&
		       (int)HANDSHAKE_REJECTED == OUTCOME_REJECTED &&
		       (int)HANDSHAKE_ABORTED == OUTCOME_ABORTED &&
		       (int)HANDSHAKE_UNREACHABLE == OUTCOME_UNREACHABLE &&
		       (int)HANDSHAKE_TIMED_OUT == OUTCOME_TIMED_OUT &&
		       (int)HANDSHAKE_SUPERSEDED == OUTCOME_SUPERSEDED &&
		       (int)HANDSHAKE_OUTCOME_COUNT <= OUTCOME_COUNT,
	       "the same numbers");

static __u8 directions_of(const struct pcap_handshake *p, const struct handshake *h)
{
	__u8 directions = 0;

	if (pcap_local_has(p->local, &h->client.addr) || p->is_client_local)
		directions |= DIRECTION_TX;
	if (pcap_local_has(p->local, &h->server.addr))
		directions |= DIRECTION_RX;
	return directions;
}

static __u8 end_reason(const struct handshake *h)
{
	static const __u8 reason[OUTCOME_COUNT] = {
		[OUTCOME_REJECTED] = END_REFUSED,
		[OUTCOME_ABORTED] = END_ABORTED,
		[OUTCOME_UNREACHABLE] = END_UNREACHABLE,
		[OUTCOME_TIMED_OUT] = END_TIMEOUT,
	};

	return reason[h->outcome];
}

static void fill_ident(const struct handshake *h, __u8 directions, struct ev_ident *id)
{
	bool is_server = directions == DIRECTION_RX;
	const struct endpoint *own = is_server ? &h->server : &h->client;
	const struct endpoint *peer = is_server ? &h->client : &h->server;

	*id = (struct ev_ident){
		.laddr = own->addr,
		.raddr = peer->addr,
		.lport = own->port,
		.rport = peer->port,
		.role = is_server ? ROLE_ACCEPT : ROLE_CONNECT,
		.open_ns = h->first_ns,
	};
}

void pcap_handshake_report(void *context, const struct handshake *h)
{
	struct pcap_handshake *p = context;
	struct event ev = {
		.head = {.kind = EV_HANDSHAKE,
			 .flags = EV_HAS_IDENT | EV_HAS_HANDSHAKE,
			 .end_reason = end_reason(h)},
		.time_ns = h->end_ns > h->first_ns ? h->end_ns : h->last_ns,
		.handshake = {.first_ns = h->first_ns,
			      .dup_syn = h->dup_syn,
			      .dup_syn_ack = h->dup_syn_ack,
			      .outcome = h->outcome,
			      .directions = directions_of(p, h),
			      .retry = (h->marks & HANDSHAKE_RETRY) != 0,
			      .reset_ttl = h->reset_ttl,
			      .peer_ttl = h->usual_ttl},
	};

	fill_ident(h, ev.handshake.directions, &ev.ident);
	ev.count.retrans_segs = ev.ident.role == ROLE_ACCEPT ? h->dup_syn_ack : h->dup_syn;
	snprintf(ev.handshake.conn_state, sizeof(ev.handshake.conn_state), "%s",
		 handshake_conn_state(h));
	if (h->marks & HANDSHAKE_ICMP_SEEN)
		snprintf(ev.handshake.icmp, sizeof(ev.handshake.icmp), "%s",
			 icmp_name(h->family, h->icmp_type, h->icmp_code));
	p->emit(p->context, &ev);
}

bool pcap_handshake_is_watched(void *context, const struct handshake *h)
{
	const struct pcap_handshake *p = context;

	return pcap_filter_remembers(p->filter, h);
}

void pcap_handshake_account(const struct handshake_table *t, struct account *ret)
{
	const struct handshake_counts *n = handshake_table_counts(t);

	*ret = (struct account){
		.opened = n->begun,
		.closed = n->reported,
		.lost = n->evicted_lonely + n->evicted_engaged + n->unwatched,
		.live = handshake_table_pending(t),
		.ignored = n->ignored,
		.stray = n->stray,
	};
}
