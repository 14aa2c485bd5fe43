// SPDX-License-Identifier: BSD-2-Clause
#include "source/netlink_flows.h"

#include <string.h>

#include "engine/clock.h"
#include "engine/column.h"
#include "engine/watch.h"
#include "engine/source.h"
#include "source/netlink_count.h"
#include "source/netlink_diag.h"
#include "source/netlink_end.h"
#include "source/netlink_extra.h"
#include "source/netlink_net.h"
#include "util/xalloc.h"

void netlink_flows_init(struct netlink_flows *f, struct source *source)
{
	uint32_t limit = (uint32_t)source->watch->max_flows;

	*f = (struct netlink_flows){.source = source};
	flow_table_init(&f->table, limit);
	f->known = reserve((size_t)limit * sizeof(*f->known));
	if (source->needs & NEED_EXTRA)
		f->extra = reserve((size_t)limit * sizeof(*f->extra));
}

void netlink_flows_done(struct netlink_flows *f)
{
	if (!f->known)
		return;
	reserve_free(f->known, (size_t)f->table.limit * sizeof(*f->known));
	if (f->extra)
		reserve_free(f->extra, (size_t)f->table.limit * sizeof(*f->extra));
	flow_table_done(&f->table);
}

struct known *netlink_flows_known(const struct netlink_flows *f, const struct flow *flow)
{
	return &f->known[flow - f->table.flow];
}

static void note_extra(struct netlink_flows *f, const struct flow *flow, const struct diag *d)
{
	if (f->extra)
		extra_read(d, &f->extra[flow - f->table.flow]);
}

static void emit(struct netlink_flows *f, const struct flow *flow, uint8_t kind, uint8_t flags)
{
	struct known *k = netlink_flows_known(f, flow);
	struct event ev = {
		.head = {.id = flow->id | (uint64_t)k->reused << EV_ID_COOKIE_BITS,
			 .kind = kind,
			 .state = flow->state,
			 .flags = flags,
			 .end_reason = flow->end_reason},
		.count = flow->count,
	};

	if (f->extra) {
		ev.head.flags |= EV_HAS_IDENT | EV_HAS_EXTRA;
		ev.extra = f->extra[flow - f->table.flow];
	}
	if (ev.head.flags & EV_HAS_IDENT) {
		ev.time_ns = clock_now_ns();
		ev.ident = flow->ident;
		k->news = false;
	}
	f->source->emit(f->source->emit_context, &ev);
}

void netlink_flows_fill_tuple(struct ev_ident *id, const struct diag_net *net, const struct diag *d)
{
	id->laddr = d->laddr;
	id->raddr = d->raddr;
	id->lport = d->lport;
	id->rport = d->rport;
	id->family = d->family;
	id->netns = net->inode;
	if (d->family == 6 && !addr_is_v4(&d->raddr))
		id->ifindex = d->ifindex;
}

static void fill_ident(struct ev_ident *id, const struct diag_net *net, const struct diag *d)
{
	netlink_flows_fill_tuple(id, net, d);
	id->uid = d->uid;
	id->cgroup_id = d->cgroup_id;
}

/*
 * From the counters if they tell, else whoever connects to a port that is listened on. Where opens
 * are counted a guess will not do.
 */
static void find_role(const struct netlink_flows *f, struct flow *flow, struct known *k,
		      const struct diag *d)
{
	uint8_t role = k->role_sure ? ROLE_UNKNOWN : count_role(d);
	bool may_guess = !f->extra || flow->ident.seen == SEEN_ADOPTED;

	if (role == ROLE_UNKNOWN) {
		if (flow->ident.role == ROLE_UNKNOWN && may_guess)
			flow->ident.role =
				net_listens(k->net, d->lport) ? ROLE_ACCEPT : ROLE_CONNECT;
		return;
	}
	k->role_sure = true;
	k->news |= flow->ident.role != role;
	flow->ident.role = role;
}

/* Counters never go backwards: a socket that was disconnected has lost its own. */
static bool raise_count(struct ev_count *have, const struct ev_count *now)
{
	bool moved = now->tx_bytes > have->tx_bytes || now->rx_bytes > have->rx_bytes ||
		     now->retrans_segs > have->retrans_segs;
	struct ev_count was = *have;

	*have = *now;
	have->tx_bytes = was.tx_bytes > now->tx_bytes ? was.tx_bytes : now->tx_bytes;
	have->rx_bytes = was.rx_bytes > now->rx_bytes ? was.rx_bytes : now->rx_bytes;
	have->acked_bytes = was.acked_bytes > now->acked_bytes ? was.acked_bytes : now->acked_bytes;
	return moved;
}

/*
 * The peer's FIN may come between state and counters of a list, which then has it for a byte. Nothing is
 * received after it, so a list whose state knows of it shows all that ever came.
 */
static void note_fin(struct known *k, const struct flow *flow, const struct diag *d,
		     const struct ev_count *now)
{
	k->has_fin = count_state_has_peer_fin(d->state) &&
		     flow->count.rx_bytes == now->rx_bytes + 1;
}

static void take_back_fin(struct netlink_flows *f, struct flow *flow)
{
	struct known *k = netlink_flows_known(f, flow);

	flow->count.rx_bytes -= k->has_fin;
	k->has_fin = false;
}

/* The last word on a flow, or on a listener; `lost` if more of it should have reached us. */
static void finish(struct netlink_flows *f, struct flow *flow, bool lost)
{
	bool unseen = !netlink_flows_known(f, flow)->look;

	take_back_fin(f, flow);
	emit(f, flow, EV_CLOSE, EV_HAS_IDENT | (unseen && f->adopting ? EV_BASELINE : 0));
	if (flow->state == ST_LISTEN)
		f->listeners--;
	else if (lost)
		f->account.lost++;
	else
		f->account.closed++;
	*netlink_flows_known(f, flow) = (struct known){0};
	if (f->extra)
		f->extra[flow - f->table.flow] = (struct ev_extra){0};
	flow_table_remove(&f->table, flow);
}

static void begin(struct netlink_flows *f, struct flow *flow, struct diag_net *net,
		  const struct diag *d)
{
	struct known *k = netlink_flows_known(f, flow);

	*k = (struct known){.net = net, .news = true};
	flow->has_ident = true;
	flow->ident = (struct ev_ident){.seen = f->adopting ? SEEN_ADOPTED : SEEN_LATE,
					.open_ns = clock_now_ns()};
	fill_ident(&flow->ident, net, d);
	if (d->state == ST_LISTEN)
		f->listeners++;
	else if (f->adopting)
		f->account.adopted++;
	else
		f->account.opened++;
}

static bool same_tuple(const struct ev_ident *id, const struct diag *d)
{
	return id->lport == d->lport && id->rport == d->rport &&
	       !memcmp(&id->raddr, &d->raddr, sizeof(d->raddr));
}

/* The flow of a row: found, or begun. NULL if the table is full. */
static struct flow *find_or_begin(struct netlink_flows *f, struct diag_net *net,
				  const struct diag *d)
{
	bool is_new;
	struct flow *flow = flow_table_add(&f->table, d->cookie, &is_new);
	uint8_t reused = 0;

	/* connect() after a disconnect: the socket is the same, the flow is another. */
	if (flow && flow->has_ident && flow->state != ST_SYN_SENT && !same_tuple(&flow->ident, d)) {
		reused = (uint8_t)(netlink_flows_known(f, flow)->reused + 1);
		finish(f, flow, false);
		flow = flow_table_add(&f->table, d->cookie, &is_new);
	}
	if (!flow || flow->has_ident)
		return flow;
	begin(f, flow, net, d);
	netlink_flows_known(f, flow)->reused = reused;
	return flow;
}

void netlink_flows_seen(void *flows, struct diag_net *net, const struct diag *d)
{
	struct netlink_flows *f = flows;
	struct ev_count now;
	struct flow *flow;
	struct known *k;
	bool is_new, moved;

	if (!d->has_info || !d->rport)
		return;
	flow = find_or_begin(f, net, d);
	if (!flow)
		return;
	k = netlink_flows_known(f, flow);
	is_new = !k->look;
	k->look = f->look;
	k->inode = d->inode;
	flow->state = d->state;
	fill_ident(&flow->ident, net, d);
	note_extra(f, flow, d);
	find_role(f, flow, k, d);
	count_live(d, k->role_sure ? flow->ident.role : ROLE_UNKNOWN, &now);
	note_fin(k, flow, d, &now);
	moved = raise_count(&flow->count, &now);
	if (d->inode && !flow->ident.owner_source)
		f->unowned++;
	if (is_new)
		emit(f, flow, EV_OPEN, EV_HAS_IDENT | (f->adopting ? EV_BASELINE : 0));
	else if (f->source->live_table && (moved || k->news || f->source->everything || f->source->each))
		emit(f, flow, EV_SAMPLE, k->news ? EV_HAS_IDENT : 0);
}

void netlink_flows_listens(void *flows, struct diag_net *net, const struct diag *d)
{
	struct netlink_flows *f = flows;
	struct flow *flow;
	struct known *k;
	bool is_new;

	net_note_listener(net, d->lport);
	flow = f->extra ? find_or_begin(f, net, d) : NULL;
	if (!flow)
		return;
	k = netlink_flows_known(f, flow);
	is_new = !k->look;
	k->look = f->look;
	k->inode = d->inode;
	flow->state = d->state;
	flow->ident.role = ROLE_LISTEN;
	note_extra(f, flow, d);
	if (d->inode && !flow->ident.owner_source)
		f->unowned++;
	emit(f, flow, is_new ? EV_OPEN : EV_SAMPLE,
	     EV_HAS_IDENT | (is_new && f->adopting ? EV_BASELINE : 0));
}

/* What is left of a socket that was disconnected: no peer, no counters. */
static bool counters_erased(const struct diag *d)
{
	return !d->rport;
}

/* A listener, a socket that was never used, or one whose flow took its counters with it. */
static void gone_erased(struct netlink_flows *f, struct diag_net *net, const struct diag *d)
{
	struct flow *flow = flow_table_find(&f->table, d->cookie);

	if (flow) {
		/* What it moved since the last look is not known; of an attempt, nothing. */
		finish(f, flow, flow->state != ST_LISTEN && !count_never_connected(d));
		return;
	}
	/* Only a former flow has a send queue. */
	if (!d->send_queue) {
		net_note_listener(net, d->lport);
		return;
	}
	f->account.opened++;
	f->account.lost++;
}

void netlink_flows_gone(void *flows, struct diag_net *net, const struct diag *d)
{
	struct netlink_flows *f = flows;
	struct flow *flow;
	struct known *k;
	struct ev_count last;
	uint64_t told;
	bool unsure;

	if (!d->has_info)
		return;
	if (counters_erased(d)) {
		gone_erased(f, net, d);
		return;
	}
	flow = find_or_begin(f, net, d);
	if (!flow)
		return;
	k = netlink_flows_known(f, flow);
	/* In no look: its age is not known, and a notice has no user and no cgroup. */
	if (!k->look) {
		flow->ident.open_ns = 0;
		flow->ident.uid = UID_UNKNOWN;
	}
	note_extra(f, flow, d);
	take_back_fin(f, flow);
	told = flow->count.rx_bytes;
	unsure = end_read(flow, k->role_sure, net, d, &last);
	f->account.inexact += unsure;
	raise_count(&flow->count, &last);
	flow->count.rx_bytes = count_received(told, last.rx_bytes, !unsure);
	finish(f, flow, false);
}

void netlink_flows_sweep(struct netlink_flows *f, struct diag_net *net)
{
	for (uint32_t slot = 0; slot < f->table.used; slot++) {
		struct flow *flow = &f->table.flow[slot];
		struct known *k = &f->known[slot];

		if (!k->look || k->net != net || f->look - k->look < 2)
			continue;
		flow->end_reason = count_state_has_our_fin(flow->state) ? END_FIN : END_UNKNOWN;
		finish(f, flow, net->overruns > 0);
	}
}

void netlink_flows_tell_news(struct netlink_flows *f)
{
	for (uint32_t slot = 0; slot < f->table.used && f->source->live_table; slot++)
		if (f->known[slot].look && f->known[slot].news)
			emit(f, &f->table.flow[slot], EV_SAMPLE, EV_HAS_IDENT);
}
