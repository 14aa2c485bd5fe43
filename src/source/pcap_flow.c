// SPDX-License-Identifier: BSD-2-Clause
#include "source/pcap_flow.h"

#include "abi/event.h"

/* Which ends have a flow. */
struct ends {
	bool has[SIDE_COUNT];
};

static struct ends ends_of(const struct pcap_flow *f, const struct conversation *c,
			   const struct handshake *h)
{
	struct ends e = {.has = {
				 [SIDE_CLIENT] = pcap_local_has(&f->local, &h->client.addr),
				 [SIDE_SERVER] = pcap_local_has(&f->local, &h->server.addr),
			 }};

	if (!e.has[SIDE_CLIENT] && !e.has[SIDE_SERVER])
		e.has[SIDE_CLIENT] = true;
	else if (!c->is_adopted && !c->established_ns)
		e.has[SIDE_SERVER] = false;
	return e;
}

/* When this end knew that the handshake was over; 0: it never was, or is not known. */
static uint64_t established_ns(const struct conversation *c, const struct handshake *h,
			       enum conversation_side side)
{
	if (side == SIDE_CLIENT && c->established_ns && h->reply_ns)
		return h->reply_ns;
	return c->established_ns;
}

/* SYN to SYN/ACK, or SYN/ACK to ACK. */
static uint64_t handshake_ns(const struct handshake *h, enum conversation_side side)
{
	uint64_t from = side == SIDE_CLIENT ? h->first_ns : h->reply_ns;
	uint64_t to = side == SIDE_CLIENT ? h->reply_ns : h->ack_ns;
	bool saw_from = side == SIDE_SERVER || h->marks & HANDSHAKE_SAW_SYN;

	return saw_from && from && to > from ? to - from : 0;
}

static void fill_ident(const struct conversation *c, const struct handshake *h,
		       enum conversation_side side, struct ev_ident *id)
{
	const struct endpoint *own = side == SIDE_CLIENT ? &h->client : &h->server;
	const struct endpoint *peer = side == SIDE_CLIENT ? &h->server : &h->client;

	*id = (struct ev_ident){
		.laddr = own->addr,
		.raddr = peer->addr,
		.lport = own->port,
		.rport = peer->port,
		.role = ROLE_UNKNOWN,
		.seen = SEEN_ADOPTED,
	};
	if (c->is_adopted)
		return;
	id->seen = SEEN_OPEN;
	id->role = side == SIDE_CLIENT ? ROLE_CONNECT : ROLE_ACCEPT;
	id->established_ns = established_ns(c, h, side);
	id->open_ns = side == SIDE_CLIENT ? c->first_ns : id->established_ns;
	if (id->established_ns)
		id->handshake_us = (__u32)(handshake_ns(h, side) / 1000);
}

/* What one end wrote, and what it has in order: that is what it acknowledged. */
static void fill_count(const struct conversation *c, const struct handshake *h,
		       enum conversation_side side, struct ev_count *n)
{
	*n = (struct ev_count){
		.tx_bytes = conversation_sent_bytes(c, side),
		.rx_bytes = conversation_acked_bytes(c, !side),
		.acked_bytes = conversation_acked_bytes(c, side),
		.retrans_bytes = c->stream[side].retrans_bytes,
		.retrans_segs = conversation_retrans_segs(c, h, side),
	};
}

/* Why it sent something again. Of what was not captured at the sender a part is not seen. */
static void fill_causes(const struct conversation *c, const struct handshake *h,
			enum conversation_side side, struct ev_extra *e)
{
	const struct stream *s = conversation_stream(c, side);
	const struct resend *r = &c->resend[c->is_self ? SIDE_CLIENT : side];

	e->known = KNOWN_PACKETS | KNOWN_CAUSES | KNOWN_UNDO;
	if (conversation_is_afar(c, h, side))
		e->known |= KNOWN_AFAR;
	conversation_causes(c, h, side, e->retrans);
	e->data_segs_out = s->data_segs;
	e->dsack_dups = r->dsacks;
	e->undone = r->undone;
}

/* Of a RST that came, not of one that this end sent. */
static void fill_reset(const struct conversation *c, const struct handshake *h, struct event *ev)
{
	struct conversation_reset_ttl ttl = conversation_reset_ttl(c, h);

	if (ev->head.end_reason != END_RESET_RECEIVED && ev->head.end_reason != END_REFUSED)
		return;
	ev->extra.reset_ttl = ttl.reset;
	ev->extra.peer_ttl = ttl.usual;
}

/* Linux hands TIME_WAIT to another kind of socket: the last state of the flow's own is the one
 * before. */
static enum tcp_state_number state_of(const struct conversation *c, const struct handshake *h,
				      enum conversation_side side)
{
	enum tcp_state_number state = conversation_tcp_state(c, h, side);

	return state == ST_TIME_WAIT ? ST_FIN_WAIT2 : state;
}

static void emit(struct pcap_flow *f, enum ev_kind kind, uint64_t time_ns,
		 const struct conversation *c, const struct handshake *h,
		 enum conversation_side side)
{
	struct event ev = {
		.head =
			{
				.id = c->id * SIDE_COUNT + side,
				.kind = kind,
				.state = state_of(c, h, side),
				.flags = EV_HAS_IDENT,
				.end_reason = conversation_end_at(c, side),
			},
		.time_ns = time_ns,
	};

	fill_ident(c, h, side, &ev.ident);
	/* What an adopted flow has moved when it opens, it has moved since we look. */
	if (kind != EV_OPEN)
		fill_count(c, h, side, &ev.count);
	if (kind != EV_OPEN && f->with_causes) {
		ev.head.flags |= EV_HAS_EXTRA;
		fill_causes(c, h, side, &ev.extra);
		fill_reset(c, h, &ev);
	}
	f->emit(f->context, &ev);
}

static void count_open(struct pcap_flow *f, const struct conversation *c)
{
	if (c->is_adopted)
		f->account.adopted++;
	else
		f->account.opened++;
}

void pcap_flow_open(void *context, const struct conversation *c, const struct handshake *h)
{
	struct pcap_flow *f = context;
	struct ends ends = ends_of(f, c, h);

	for (int side = 0; side < SIDE_COUNT; side++)
		if (ends.has[side])
			emit(f, EV_OPEN, c->first_ns, c, h, side);
	if (ends.has[SIDE_CLIENT])
		count_open(f, c);
}

void pcap_flow_sample(void *context, const struct conversation *c, const struct handshake *h)
{
	struct pcap_flow *f = context;
	struct ends ends = ends_of(f, c, h);

	for (int side = 0; side < SIDE_COUNT; side++)
		if (ends.has[side])
			emit(f, EV_SAMPLE, f->now_ns, c, h, side);
}

static void lose(struct pcap_flow *f, const struct conversation *c, const struct handshake *h,
		 enum conversation_side side)
{
	struct ev_count n;

	fill_count(c, h, side, &n);
	f->account.lost++;
	f->account.lost_tx_bytes += n.tx_bytes;
	f->account.lost_rx_bytes += n.rx_bytes;
}

/* An end that was not seen is not reported as one; to whom flows are shown while they live, what
 * they moved was. */
void pcap_flow_close(void *context, const struct conversation *c, const struct handshake *h)
{
	struct pcap_flow *f = context;
	struct ends ends = ends_of(f, c, h);
	bool is_lost = c->end == CONVERSATION_EVICTED;

	f->account.ignored += conversation_ignored(c);
	if (ends.has[SIDE_SERVER])
		count_open(f, c);
	for (int side = 0; side < SIDE_COUNT; side++) {
		if (!ends.has[side])
			continue;
		if (is_lost)
			lose(f, c, h, side);
		else
			f->account.closed++;
		emit(f, is_lost ? EV_LOST : EV_CLOSE, c->closed_ns, c, h, side);
	}
}

void pcap_flow_still_open(void *context, const struct conversation *c, const struct handshake *h)
{
	struct pcap_flow *f = context;
	struct ends ends = ends_of(f, c, h);

	for (int side = 0; side < SIDE_COUNT; side++)
		if (ends.has[side])
			emit(f, EV_CUT, c->last_ns, c, h, side);
}

/* The accepting ends' flows count as opened when they close, or here. */
static void count_live(void *context, const struct conversation *c, const struct handshake *h)
{
	struct pcap_flow *f = context;
	struct ends ends = ends_of(f, c, h);

	if (ends.has[SIDE_SERVER])
		count_open(f, c);
	f->account.live += ends.has[SIDE_CLIENT] + ends.has[SIDE_SERVER];
	f->account.ignored += conversation_ignored(c);
}

void pcap_flow_account(struct pcap_flow *f, struct conversation_table *table, struct account *ret)
{
	const struct account before = f->account;

	conversation_table_sample(table, true, count_live, f);
	*ret = f->account;
	ret->ignored += conversation_table_counts(table)->ignored;
	ret->stray = conversation_table_counts(table)->stray;
	f->account = before;
}
