// SPDX-License-Identifier: BSD-2-Clause
#include "source/bpf_handshake.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi/config.h"
#include "abi/event.h"
#include "abi/request.h"
#include "engine/account.h"
#include "engine/clock.h"
#include "engine/needs.h"
#include "engine/source.h"
#include "packet/conn_state.h"
#include "packet/icmp.h"
#include "source/bpf_reader.h"
#include "tcp.skel.h"
#include "util/log.h"

#define NS_PER_S 1000000000ull
#define BATCH 512
/* Later ones come at two minutes each (TCP_RTO_MAX). */
#define TIMEOUTS_MAX 6

/* A timer of the kernel may run an eighth late (its wheel), and our programs after it. */
static uint64_t surely_ns(uint64_t from_ns, uint64_t expires_ns)
{
	uint64_t wait_ns = expires_ns > from_ns ? expires_ns - from_ns : 0;

	return expires_ns + wait_ns / 4 + NS_PER_S / 2;
}

/* The sum of all time-outs: 1 s, doubled each time (reqsk_timer_handler()). */
static uint64_t patience_ns(const struct event *listener)
{
	unsigned limit = listener->extra.synack_limit;

	return NS_PER_S << ((limit < TIMEOUTS_MAX ? limit : TIMEOUTS_MAX) + 1);
}

unsigned bpf_handshake_request_outcome(const struct request *r, const struct event *listener,
				       uint64_t now_ns, uint64_t *ret_ns)
{
	bool defers = listener && listener->extra.defer_accept;
	uint64_t expires_ns = r->expires_ns;

	/* Its first time-outs pass without a word (TCP_DEFER_ACCEPT). */
	if (defers && expires_ns < r->first_ns + patience_ns(listener))
		expires_ns = r->first_ns + patience_ns(listener);
	*ret_ns = now_ns;
	if (now_ns < surely_ns(r->last_ns, expires_ns))
		return OUTCOME_PENDING;
	*ret_ns = r->reset_ns;
	if (r->reset_ns >= r->last_ns)
		return OUTCOME_ABORTED;
	*ret_ns = expires_ns;
	if (r->acked && !defers)
		return OUTCOME_OVERFLOW;
	if (listener && r->timeouts >= listener->extra.synack_limit)
		return OUTCOME_TIMED_OUT;
	*ret_ns = r->last_ns;
	return OUTCOME_GONE;
}

/* tcp_reset(), tcp_v4_err() and tcp_write_err() leave an errno, close() leaves none. */
static unsigned outcome_of_error(const struct event *end)
{
	switch (end->head.error) {
	case 0:
		return end->head.flags & EV_UNSENT ? OUTCOME_NOT_SENT : OUTCOME_ABORTED;
	case ETIMEDOUT:
		return OUTCOME_TIMED_OUT;
	case ECONNABORTED:
		return OUTCOME_ABORTED;
	case EADDRNOTAVAIL:
		return OUTCOME_NOT_SENT;
	case ECONNRESET:
		return OUTCOME_REJECTED;
	default:
		return end->head.flags & EV_RESET_CAME ? OUTCOME_REJECTED : OUTCOME_UNREACHABLE;
	}
}

unsigned bpf_handshake_outcome(const struct event *end)
{
	unsigned outcome;

	if (end->head.kind != EV_CLOSE)
		return end->head.state == ST_ESTABLISHED ? OUTCOME_ESTABLISHED : OUTCOME_PENDING;
	outcome = outcome_of_error(end);
	if (end->ident.role != ROLE_ACCEPT)
		return outcome;
	/* A Fast Open child: a RST comes from the client, and a close is the server's. */
	if (outcome == OUTCOME_REJECTED)
		return OUTCOME_ABORTED;
	return outcome == OUTCOME_ABORTED ? OUTCOME_REJECTED : outcome;
}

/* Zeek's word for what the wire had seen; nothing if it saw nothing. */
static void put_conn_state(const struct event *ev, struct ev_handshake *h)
{
	bool answered = ev->ident.role == ROLE_ACCEPT || ev->head.state != ST_SYN_SENT;
	enum conn_end client = answered ? CONN_ESTABLISHED : CONN_SYN_SENT;
	enum conn_end server = answered ? CONN_ESTABLISHED : CONN_INACTIVE;

	if (h->outcome == OUTCOME_NOT_SENT || h->outcome == OUTCOME_LISTEN_DROP)
		return;
	if (h->outcome == OUTCOME_REJECTED)
		server = CONN_RESET;
	if (h->outcome == OUTCOME_ABORTED && ev->ident.role == ROLE_ACCEPT)
		client = CONN_RESET;
	snprintf(h->conn_state, sizeof(h->conn_state), "%s",
		 conn_state_name(client, server, false));
}

static void emit(struct bpf_handshake *b, struct event *ev)
{
	ev->head.kind = EV_HANDSHAKE;
	ev->handshake.directions = ev->ident.role == ROLE_ACCEPT ? DIRECTION_RX : DIRECTION_TX;
	put_conn_state(ev, &ev->handshake);
	/* Of a handshake the duration is that of all of it. */
	ev->ident.established_ns = 0;
	b->source->emit(b->source->emit_context, ev);
}

static void tell_refusals(struct bpf_handshake *b, struct bpf_listener *listener)
{
	const struct event *last = listener->last;
	struct event ev = {.head = last->head, .ident = last->ident, .time_ns = clock_now_ns()};

	if (listener->refused <= 0)
		return;
	ev.head.flags = EV_HAS_IDENT | EV_HAS_HANDSHAKE;
	ev.ident.role = ROLE_ACCEPT;
	ev.ident.open_ns = 0;
	ev.handshake.outcome = OUTCOME_LISTEN_DROP;
	ev.handshake.dropped = (__u32)listener->refused;
	listener->refused = 0;
	emit(b, &ev);
}

static void take_flow(struct bpf_handshake *b, const struct event *record)
{
	struct event ev = {
		.head = record->head,
		.count = record->count,
		.time_ns = record->time_ns,
		.ident = record->ident,
	};

	if (record->head.flags & EV_HAS_HANDSHAKE)
		ev.handshake = record->handshake;
	else if (record->ident.seen == SEEN_OPEN)
		ev.handshake.first_ns = record->ident.open_ns;
	ev.head.flags = (__u8)((ev.head.flags & ~EV_HAS_EXTRA) | EV_HAS_HANDSHAKE);
	ev.ident.open_ns = ev.handshake.first_ns;
	ev.handshake.outcome = (__u8)bpf_handshake_outcome(record);
	if (ev.handshake.icmp_type)
		snprintf(ev.handshake.icmp, sizeof(ev.handshake.icmp), "%s",
			 icmp_name(addr_is_v4(&ev.ident.raddr) ? 4 : 6, ev.handshake.icmp_type,
				   ev.handshake.icmp_code));
	if (!(record->head.flags & EV_HAS_HANDSHAKE))
		ev.handshake.dup_syn = record->count.retrans_segs;
	emit(b, &ev);
}

static void take(struct bpf_handshake *b, const struct event *ev)
{
	if (ev->head.state == ST_LISTEN)
		bpf_listeners_note(&b->listeners, ev);
	else if (ev->head.kind != EV_OPEN || ev->head.state == ST_ESTABLISHED)
		take_flow(b, ev);
}

/* Its flow is told of as ever; whoever wants handshakes is told that this one is undecided. */
static bool is_pending_at_end(const struct bpf_handshake *b, const struct event *ev)
{
	return b->reader->control->frozen && ev->head.kind == EV_SAMPLE &&
	       ev->head.flags & EV_HAS_IDENT &&
	       (ev->head.state == ST_SYN_SENT || ev->head.state == ST_SYN_RECV);
}

void bpf_handshake_event(void *context, const struct event *ev)
{
	struct bpf_handshake *b = context;
	const struct source *s = b->source;
	bool is_listener = ev->head.state == ST_LISTEN;

	if (!s->flows || b->is_looking || ev->head.flags & EV_HAS_HANDSHAKE) {
		take(b, ev);
		return;
	}
	if (is_listener || is_pending_at_end(b, ev))
		take(b, ev);
	if (!is_listener || s->needs & NEED_EXTRA)
		s->emit(s->emit_context, ev);
}

/* The owner of the listener, if it is known which listener. */
static void put_owner(struct ev_ident *id, const struct event *listener, bool sure)
{
	if (!listener)
		return;
	id->mntns = listener->ident.mntns;
	id->cgroup_id = listener->ident.cgroup_id;
	id->uid = listener->ident.uid;
	if (!sure)
		return;
	id->pid = listener->ident.pid;
	id->owner_source = listener->ident.owner_source;
	memcpy(id->comm, listener->ident.comm, sizeof(id->comm));
	memcpy(id->thread, listener->ident.thread, sizeof(id->thread));
}

/* Returns true if the request is over, and was told. */
static bool conclude(struct bpf_handshake *b, const struct request_key *key,
		     const struct request *r, uint64_t now_ns, bool last)
{
	bool sure;
	const struct event *listener = bpf_listeners_find(&b->listeners, key, r, &sure);
	struct event ev = {.head.flags = EV_HAS_IDENT | EV_HAS_HANDSHAKE,
			   .head.state = ST_NEW_SYN_RECV};
	uint64_t decided_ns;
	unsigned outcome = bpf_handshake_request_outcome(r, listener, now_ns, &decided_ns);

	if (outcome == OUTCOME_PENDING && !last)
		return false;
	ev.ident = (struct ev_ident){
		.laddr = key->laddr,
		.raddr = key->raddr,
		.lport = key->lport,
		.rport = key->rport,
		.netns = key->netns,
		.family = r->family,
		.role = ROLE_ACCEPT,
		.open_ns = r->first_ns,
	};
	put_owner(&ev.ident, listener, sure);
	ev.time_ns = decided_ns;
	ev.count.retrans_segs = r->dup_syn_ack;
	ev.handshake.outcome = (__u8)outcome;
	ev.handshake.first_ns = r->first_ns;
	ev.handshake.dup_syn = r->dup_syn;
	ev.handshake.dup_syn_ack = r->dup_syn_ack;
	*(outcome == OUTCOME_PENDING ? &b->pending : &b->concluded) += 1;
	emit(b, &ev);
	return true;
}

void bpf_handshake_ended(struct bpf_handshake *b, const struct ended_request *ended)
{
	conclude(b, &ended->key, &ended->request, UINT64_MAX, false);
}

static int look_at_requests(struct bpf_handshake *b, uint64_t now_ns, bool last)
{
	int fd = bpf_map__fd(b->skeleton->maps.requests), err = 0;
	static struct request_key key[BATCH];
	static struct request value[BATCH];
	__u32 position, *from = NULL;

	while (!err) {
		__u32 count = BATCH;

		err = bpf_map_lookup_batch(fd, from, &position, key, value, &count, NULL);
		if (err && err != -ENOENT)
			return log_errno(-err, "cannot read the requests");
		for (__u32 i = 0; i < count; i++)
			if (conclude(b, &key[i], &value[i], now_ns, last))
				bpf_map_delete_elem(fd, &key[i]);
		from = &position;
	}
	return 0;
}

/* After the listeners were read: what they counted was discarded before. */
static int look_at_discards(struct bpf_handshake *b)
{
	int fd = bpf_map__fd(b->skeleton->maps.discards), err = 0;
	static struct discard_key key[BATCH];
	static __u64 value[BATCH];
	__u32 position, *from = NULL;

	while (!err) {
		__u32 count = BATCH;

		err = bpf_map_lookup_and_delete_batch(fd, from, &position, key, value, &count,
						      NULL);
		if (err && err != -ENOENT)
			return log_errno(-err, "cannot read the discarded segments");
		for (__u32 i = 0; i < count; i++)
			bpf_listeners_discard(&b->listeners, &key[i], value[i]);
		from = &position;
	}
	return 0;
}

static int look(struct bpf_handshake *b, bool last)
{
	uint64_t now_ns = clock_now_ns();
	int err;

	b->is_looking = true;
	err = bpf_reader_run_queues(b->reader);
	b->is_looking = false;
	if (!err)
		err = look_at_discards(b);
	for (size_t i = 0; i < b->listeners.count && !err; i++)
		tell_refusals(b, &b->listeners.listener[i]);
	if (!err)
		err = look_at_requests(b, now_ns, last);
	bpf_listeners_end_look(&b->listeners);
	return err;
}

int bpf_handshake_look(struct bpf_handshake *b)
{
	return look(b, false);
}

int bpf_handshake_finish(struct bpf_handshake *b)
{
	return look(b, true);
}

void bpf_handshake_account(const struct bpf_handshake *b, uint64_t lost, struct account *a)
{
	a->opened += b->concluded + b->pending + lost;
	a->closed += b->concluded;
	a->live += b->pending;
	a->lost += lost;
}

void bpf_handshake_counted(const struct bpf_account *a, uint64_t undecided, struct account *ret)
{
	uint64_t came = a->handshakes_opened + a->handshakes_adopted;
	uint64_t told = a->handshakes_closed + a->handshakes_lost;
	uint64_t left = came > told ? came - told : 0;

	*ret = (struct account){
		.opened = a->handshakes_opened,
		.adopted = a->handshakes_adopted,
		.closed = a->handshakes_closed,
		.live = undecided < left ? undecided : left,
		.lost_ring = a->handshakes_lost,
	};
	ret->lost = a->handshakes_lost + left - ret->live;
}

void bpf_handshake_account_beside(const struct bpf_handshake *b, struct account *ret)
{
	const struct snap_control *control = b->reader->control;
	uint64_t undecided = UINT64_MAX;
	struct bpf_account a;

	bpf_reader_account(b->reader, &a);
	/* Of flows that the last look could not meet nobody knows: they are given the benefit of the doubt. */
	if (control->frozen)
		undecided = control->undecided + a.handshakes_late + bpf_reader_live(b->reader) -
			    control->live;
	bpf_handshake_counted(&a, undecided, ret);
	bpf_handshake_account(b, a.lost_requests, ret);
}

void bpf_handshake_done(struct bpf_handshake *b)
{
	bpf_listeners_done(&b->listeners);
}
