// SPDX-License-Identifier: BSD-2-Clause
#include "source/netlink_bare.h"

#include "engine/clock.h"
#include "engine/question.h"
#include "engine/source.h"
#include "source/netlink_diag.h"
#include "source/netlink_flows.h"
#include "source/netlink_net.h"

static void emit(const struct netlink_flows *f, const struct diag_net *net, const struct diag *d)
{
	struct event ev = {
		.head = {.id = d->cookie,
			 .kind = EV_SAMPLE,
			 .state = d->state == ST_SYN_RECV ? ST_NEW_SYN_RECV : d->state,
			 .flags = EV_HAS_IDENT | EV_HAS_EXTRA},
		.time_ns = clock_now_ns(),
		.ident = {.role = d->state == ST_SYN_RECV ? ROLE_ACCEPT : ROLE_UNKNOWN,
			  .seen = SEEN_ADOPTED,
			  .uid = UID_UNKNOWN},
		.extra = {.known = KNOWN_NO_COUNTERS,
			  .timer = d->timer,
			  .timer_ms = d->timer_ms,
			  .retransmits = d->retransmits},
	};

	netlink_flows_fill_tuple(&ev.ident, net, d);
	f->source->emit(f->source->emit_context, &ev);
}

static void seen(void *flows, struct diag_net *net, const struct diag *d)
{
	struct netlink_flows *f = flows;

	if (!d->has_info)
		emit(f, net, d);
	else if (d->state == ST_SYN_RECV)
		/* A Fast Open made it a socket before its handshake was over. */
		netlink_flows_seen(f, net, d);
}

int netlink_bare_look(struct netlink_flows *flows, struct diag_net *net, const void *code,
		      size_t code_bytes)
{
	const struct source *s = flows->source;
	uint32_t states = s->states & SOURCE_BARE_STATES;
	struct diag_query query = {.states = states, .code = code, .code_bytes = code_bytes};
	int err = 0;

	/* The kernel calls them so in its answers. */
	if (states >> ST_NEW_SYN_RECV & 1)
		query.states |= 1u << ST_SYN_RECV;
	query.states &= ~(1u << ST_NEW_SYN_RECV);
	for (query.family = s->only && s->only->only_v6 ? 6 : 4; query.family <= 6 && !err;
	     query.family += 2)
		err = net_dump(net, &query, seen, flows);
	return err;
}
