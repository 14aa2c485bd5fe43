// SPDX-License-Identifier: BSD-2-Clause
/*
 * What is known of each flow between two looks at the kernel, and the events that follow from a
 * look (a row of a dump) and from a notice (the socket is gone).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/account.h"
#include "engine/flow_table.h"

struct diag;
struct diag_net;
struct source;

/* Beside struct flow of the same slot. */
struct known {
	struct diag_net *net;
	uint32_t inode; /* of the socket's file, 0: it has none (any more) */
	uint32_t look;	/* the last one that showed it */
	uint8_t reused; /* how often the socket was connected again */
	bool role_sure; /* known from counters, not guessed from who listens */
	bool news;	/* ident changed since the last event */
	bool has_fin;	/* the peer's FIN is among the bytes received: a list showed it, see note_fin() */
};

struct netlink_flows {
	struct source *source;
	struct flow_table table; /* by socket cookie */
	struct known *known;
	struct ev_extra *extra; /* likewise; NULL unless a column asks for it */
	struct account account;
	uint32_t listeners; /* in the table; they are no flows. Only if there is `extra` */
	uint32_t look;	  /* number of the present one */
	/*
	 * In the first look: what it shows is older than us. If it found no room for all, what is met
	 * later may be too.
	 */
	bool adopting;
	uint32_t unowned; /* flows with a file, whose owner is not known */
};

void netlink_flows_init(struct netlink_flows *f, struct source *source);
void netlink_flows_done(struct netlink_flows *f);
struct known *netlink_flows_known(const struct netlink_flows *f, const struct flow *flow);

/* What tells a socket from others. */
void netlink_flows_fill_tuple(struct ev_ident *id, const struct diag_net *net, const struct diag *d);

/* For net_dump() and net_take_notices(); `flows` is a struct netlink_flows. */
void netlink_flows_listens(void *flows, struct diag_net *net, const struct diag *d);
void netlink_flows_seen(void *flows, struct diag_net *net, const struct diag *d);
void netlink_flows_gone(void *flows, struct diag_net *net, const struct diag *d);

/*
 * After a look at `net`: end the flows that it did not show. Two looks in a row must miss a flow,
 * as the kernel's list may change while it is told. Only where a notice cannot be relied upon; if
 * one was lost, what the flow moved after the last look is too.
 */
void netlink_flows_sweep(struct netlink_flows *f, struct diag_net *net);

/* Tell of the flows whose owner was found after they were told of. */
void netlink_flows_tell_news(struct netlink_flows *f);
