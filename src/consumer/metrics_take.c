// SPDX-License-Identifier: BSD-2-Clause
/* From what a flow did to the series that it belongs to. */
#include <errno.h>

#include "consumer/metrics_options.h"
#include "consumer/metrics_state.h"
#include "engine/clock.h"
#include "engine/engine.h"
#include "verdict/verdict.h"
#include "metrics/verdict_cells.h"
#include "view/judge.h"

#define NS_PER_US 1000

static enum metric_role role_of(const struct ev_ident *id)
{
	return id->role == ROLE_CONNECT	 ? CELL_CLIENT
	       : id->role == ROLE_ACCEPT ? CELL_SERVER
					 : CELL_UNKNOWN;
}

void metrics_opened(struct metrics *m, const struct flow *f)
{
	const struct consumer *c = m->consumer;
	uint32_t slot = flow_table_slot(&c->engine->flows, f);
	const struct ev_extra *extra = engine_extra(c->engine, slot);
	struct metrics_flow *told = &m->flow[slot];

	*told = (struct metrics_flow){.told = 0};
	if (f->ident.seen != SEEN_ADOPTED || !extra)
		return;
	/* What it did before we came belongs to no interval. */
	for (unsigned i = 0; i < CAUSE_COUNT; i++)
		told->retrans[i] = extra->retrans[i];
	told->segments = f->state == ST_LISTEN ? extra->drops : extra->segs_out;
}

/* How much a counter of 32 bits grew; a torn reading, which is less, tells nothing. */
static uint32_t grown(uint32_t *told, uint32_t now)
{
	int32_t n = (int32_t)(now - *told);

	if (n <= 0)
		return 0;
	*told = now;
	return (uint32_t)n;
}

/* Processes move to other cgroups; where none tells of sockets, those are looked at again now and then. */
#define LOOKS_AGAIN 8

static struct series_group *group_of(struct metrics *m, struct series_table *t,
				     const struct news *news, uint64_t now_ns)
{
	bool is_listener = news->flow->state == ST_LISTEN;
	struct series_group *g = *news->note ? series_of_handle(t, *news->note) : NULL;
	uint32_t turn = flow_table_slot(&m->consumer->engine->flows, news->flow) + m->turns;
	char text[METRICS_LABELS_TEXT_MAX];
	size_t len;

	if (g && turn % LOOKS_AGAIN)
		return g;
	len = metrics_labels_text(&m->labels, &news->flow->ident, is_listener, text);
	g = series_find(t, text, len, now_ns);
	*news->note = metrics_labels_are_known(&m->labels, &news->flow->ident) ? series_handle(t, g) : 0;
	return g;
}

static enum metric_cause cause_of(unsigned cause, const struct ev_ident *id)
{
	switch (cause) {
	case CAUSE_RTO:
	case CAUSE_SLOW_START:
		return RETRANS_TIMEOUT;
	case CAUSE_FAST:
		return RETRANS_FAST;
	case CAUSE_TLP:
		return RETRANS_LOSS_PROBE;
	case CAUSE_SYN:
		return id->role == ROLE_ACCEPT ? RETRANS_SYN_ACK : RETRANS_SYN;
	case CAUSE_ZERO_WINDOW:
		return RETRANS_ZERO_WINDOW;
	case CAUSE_PMTU:
		return RETRANS_PATH_MTU;
	}
	return RETRANS_OTHER;
}

/* The causes add up to what was sent again. */
static void take_retransmissions(struct metrics *m, struct series_group *g,
				 struct metrics_flow *told, const struct news *news,
				 uint64_t now_ns)
{
	bool is_told = news->extra && news->extra->known & KNOWN_CAUSES;
	uint32_t left = news->count.retrans_segs;

	for (unsigned i = 0; is_told && i < CAUSE_COUNT; i++) {
		uint32_t n = grown(&told->retrans[i], news->extra->retrans[i]);

		n = n < left ? n : left;
		left -= n;
		if (n)
			series_add(&m->flows, g, METRIC_RETRANS_SEGMENTS,
				   cause_of(i, &news->flow->ident), n, now_ns);
	}
	if (left)
		series_add(&m->flows, g, METRIC_RETRANS_SEGMENTS,
			   is_told ? RETRANS_OTHER : RETRANS_UNTOLD, left, now_ns);
	series_add(&m->flows, g, METRIC_RETRANS_BYTES, 0, news->count.retrans_bytes, now_ns);
	if (news->extra)
		series_add(&m->flows, g, METRIC_SEGMENTS_SENT, 0,
			   grown(&told->segments, news->extra->segs_out), now_ns);
}

static enum metric_connect failure_of(const struct ev_head *end)
{
	switch (end->end_reason) {
	case END_REFUSED:
		return CONNECT_REFUSED;
	case END_RESET_RECEIVED:
	case END_RESET_SENT:
		return CONNECT_RESET;
	case END_TIMEOUT:
		return CONNECT_TIMED_OUT;
	case END_UNREACHABLE:
		return end->error == ENETUNREACH ? CONNECT_NET_UNREACHABLE
						 : CONNECT_HOST_UNREACHABLE;
	}
	return CONNECT_OTHER;
}

/* How it began: counted once, when it is known. */
static void take_beginning(struct metrics *m, struct series_group *g, struct metrics_flow *told,
			   const struct news *news, uint64_t now_ns)
{
	const struct ev_ident *id = &news->flow->ident;
	enum metric_role role = role_of(id);
	unsigned state = news->flow->state; /* of one that closed: the last before */
	bool is_made;

	if (!(told->told & TOLD_OPENED) && id->seen == SEEN_ADOPTED)
		m->adopted++;
	else if (!(told->told & TOLD_OPENED))
		series_add(&m->flows, g, METRIC_OPENED, role, 1, now_ns);
	told->told |= TOLD_OPENED;
	if (id->seen == SEEN_ADOPTED)
		return;
	if (id->handshake_us && !(told->told & TOLD_HANDSHAKE)) {
		series_observe(&m->flows, g, METRIC_HANDSHAKE, role, id->handshake_us, now_ns);
		told->told |= TOLD_HANDSHAKE;
	}
	if (role != CELL_CLIENT || told->told & TOLD_CONNECT)
		return;
	is_made = id->established_ns || (state != ST_SYN_SENT && state != ST_CLOSE);
	if (is_made)
		series_add(&m->flows, g, METRIC_CONNECT, CONNECT_MADE, 1, now_ns);
	else if (news->close)
		series_add(&m->flows, g, METRIC_CONNECT, failure_of(&news->close->head), 1, now_ns);
	if (is_made || news->close)
		told->told |= TOLD_CONNECT;
}

static void take_end(struct metrics *m, struct series_group *g, const struct news *news,
		     uint64_t now_ns)
{
	const struct ev_ident *id = &news->flow->ident;
	enum metric_role role = role_of(id);
	/* As the column duration_us has it. */
	uint64_t from_ns = id->established_ns ? id->established_ns : id->open_ns;

	series_add(&m->flows, g, METRIC_CLOSED,
		   metric_closed_cell(role, news->close->head.end_reason), 1, now_ns);
	if (from_ns && from_ns <= news->close->time_ns)
		series_observe(&m->flows, g, METRIC_DURATION, role,
			       (news->close->time_ns - from_ns) / NS_PER_US, now_ns);
}

static void take_verdict(struct metrics *m, struct series_group *g, const struct news *news,
			 uint64_t now_ns)
{
	bool is_listener = news->flow->state == ST_LISTEN;
	struct verdict v;
	unsigned cell;

	if (m->options->no_verdicts)
		return;
	judge_news(m->view, news, &v);
	if (!v.rule || news->close)
		return;
	cell = verdict_cell(v.rule);
	/* Listeners stand in the table of flows for this, under the labels of their group. */
	if (is_listener)
		g = series_find(&m->flows, g->labels ? g->labels : "", g->labels_len, now_ns);
	if (cell < VERDICT_CELLS)
		series_add(&m->flows, g, METRIC_VERDICTS, cell, 1, now_ns);
}

static void take_listener(struct metrics *m, const struct news *news, struct metrics_flow *told,
			  uint64_t now_ns)
{
	struct series_group *g = group_of(m, &m->listeners, news, now_ns);
	const struct ev_extra *extra = news->extra;

	if (!extra)
		return;
	series_add(&m->listeners, g, METRIC_LISTEN_DROPS, 0, grown(&told->segments, extra->drops),
		   now_ns);
	if (news->close)
		return;
	series_note_live(g);
	series_add(&m->listeners, g, METRIC_LISTEN_QUEUE, 0, extra->backlog, now_ns);
	series_add(&m->listeners, g, METRIC_LISTEN_LIMIT, 0, extra->backlog_max, now_ns);
}

void metrics_interval(struct metrics *m, const struct news *news)
{
	const struct consumer *c = m->consumer;
	const struct flow *f = news->flow;
	struct metrics_flow *told = &m->flow[flow_table_slot(&c->engine->flows, f)];
	uint64_t now_ns = news->close ? news->close->time_ns : c->engine->now_ns;
	struct series_group *g;

	if (f->state == ST_LISTEN) {
		take_listener(m, news, told, now_ns);
		return;
	}
	g = group_of(m, &m->flows, news, now_ns);
	take_beginning(m, g, told, news, now_ns);
	series_add(&m->flows, g, METRIC_IO_BYTES, CELL_TRANSMIT, news->count.tx_bytes, now_ns);
	series_add(&m->flows, g, METRIC_IO_BYTES, CELL_RECEIVE, news->count.rx_bytes, now_ns);
	take_retransmissions(m, g, told, news, now_ns);
	if (f->count.srtt_us && (news->count.acked_bytes || news->close))
		series_observe(&m->flows, g, METRIC_RTT, 0, f->count.srtt_us, now_ns);
	take_verdict(m, g, news, now_ns);
	if (news->close) {
		take_end(m, g, news, now_ns);
		return;
	}
	series_note_live(g);
	series_add(&m->flows, g, METRIC_CONNECTIONS, f->state, 1, now_ns);
}
