// SPDX-License-Identifier: BSD-2-Clause
#include "source/netlink_end.h"

#include "engine/flow_table.h"
#include "source/netlink_count.h"
#include "source/netlink_diag.h"
#include "source/netlink_net.h"

/* Is the other end on this machine, and did it close first, in good order? */
static bool peer_closed_first(struct diag_net *net, const struct diag *d)
{
	struct diag peer = *d;

	peer.laddr = d->raddr;
	peer.raddr = d->laddr;
	peer.lport = d->rport;
	peer.rport = d->lport;
	return net_state_of_tuple(net, &peer) == ST_TIME_WAIT;
}

/*
 * The role of a flow that was in no list, or in none while it was quiet. Its SYN and FIN both were
 * counted: it connected. None: it accepted. One: it accepted if a stand-in of it is left, which
 * means that the one was a FIN; or if somebody listens on its port; or if one number is left
 * unread, which then is the peer's FIN (after a reset it would be data); or if the peer closed
 * first. Else it connected, and was reset.
 */
static uint8_t role_at_end(struct diag_net *net, const struct diag *d, uint8_t state_now)
{
	int control = count_control_numbers(d);

	if (control == 2)
		return ROLE_CONNECT;
	if (control == 0 || state_now || net_listens(net, d->lport) || d->receive_queue == 1)
		return ROLE_ACCEPT;
	return peer_closed_first(net, d) ? ROLE_ACCEPT : ROLE_CONNECT;
}

bool end_read(struct flow *flow, bool role_sure, struct diag_net *net, const struct diag *d,
	      struct ev_count *ret)
{
	/* Who has its tuple now: a stand-in in TIME_WAIT or FIN_WAIT2, a listener, nobody. */
	uint8_t state_now = net_state_of_tuple(net, d);
	struct count_end end = {
		.role = role_sure ? flow->ident.role : role_at_end(net, d, state_now),
		.last_state = flow->state,
		.fin_awaited = state_now == ST_FIN_WAIT2,
		.closed_first = state_now == ST_FIN_WAIT2 || state_now == ST_TIME_WAIT,
	};

	if (count_final(d, &end, ret))
		flow->end_reason = END_FIN;
	flow->state = count_last_state(d, &end);
	flow->ident.role = end.role;
	return count_is_unsure(d, &end);
}
