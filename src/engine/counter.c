// SPDX-License-Identifier: BSD-2-Clause
#include "engine/counter.h"

#include <string.h>

#include "engine/needs.h"

const struct counter counters[COUNTER_COUNT] = {
#define COUNTER(name, block, title, kind, seed, needs, hook, meaning, limit) \
	{#name, title, block, kind, seed, NEED_EXTRA | (needs), hook, meaning, limit},
#include "engine/counters.def"
};

/* Again, in one line of the cache: it is asked for each counter of each reading. */
static const uint8_t kind_of[COUNTER_COUNT] = {
#define COUNTER(name, block, title, kind, ...) kind,
#include "engine/counters.def"
};

const char *const counter_block_names[BLOCK_COUNT] = {"Socket", "Ip", "Tcp", "TcpExt", "More"};

const struct counter *counter_find(const char *name)
{
	for (int i = 0; i < COUNTER_COUNT; i++)
		if (!strcmp(counters[i].name, name))
			return &counters[i];
	return NULL;
}

static bool is_established(uint8_t state)
{
	return state == ST_ESTABLISHED || state == ST_CLOSE_WAIT;
}

static void read_states(const struct reading *r, int64_t *v)
{
	uint8_t state = r->state;
	bool opening = state == ST_SYN_SENT || state == ST_SYN_RECV;

	/* Without a SYN sent it was no attempt: no free port, no route. */
	v[COUNTER_active_opens] = r->role == ROLE_CONNECT && r->extra->segs_out;
	v[COUNTER_passive_opens] = r->role == ROLE_ACCEPT;
	v[COUNTER_attempt_fails] = r->closed && opening && r->error && r->extra->segs_out;
	v[COUNTER_curr_estab] = !r->closed && is_established(state);
	v[COUNTER_estab_resets] = r->closed && is_established(state);
}

static void read_segments(const struct reading *r, int64_t *v)
{
	const struct ev_extra *e = r->extra;
	bool accepted = r->role == ROLE_ACCEPT;

	v[COUNTER_bytes_sent] = (int64_t)r->count->tx_bytes;
	v[COUNTER_bytes_received] = (int64_t)r->count->rx_bytes;
	v[COUNTER_messages_sent] = (int64_t)e->write_calls;
	v[COUNTER_messages_received] = (int64_t)e->read_calls;
	v[COUNTER_in_receives] = (int64_t)e->in_packets;
	v[COUNTER_out_requests] = (int64_t)e->out_packets;
	v[COUNTER_in_segs] = e->segs_in;
	v[COUNTER_retrans_segs] = r->count->retrans_segs;
	/*
	 * The listener sent the SYN/ACK; segs_out of the child has not got it, nor those sent again,
	 * each of which the kernel counts as sent and as sent again.
	 */
	v[COUNTER_out_segs] = (int64_t)e->segs_out + accepted + 2 * e->synack_retrans -
			      r->count->retrans_segs;
	v[COUNTER_delayed_acks] = (int64_t)e->delayed_acks;
	v[COUNTER_retransmitted_bytes] = (int64_t)r->count->retrans_bytes;
	v[COUNTER_data_segs_in] = e->data_segs_in;
	v[COUNTER_data_segs_out] = e->data_segs_out;
	v[COUNTER_delivered] = e->delivered;
	v[COUNTER_delivered_ce] = e->delivered_ce;
	v[COUNTER_ooo_packets] = e->ooo_packets;
	v[COUNTER_reord_seen] = e->reord_seen;
	v[COUNTER_dsack_dups] = e->dsack_dups;
	v[COUNTER_rto_total] = e->rto_total;
	v[COUNTER_rto_time_ms] = e->rto_time_ms;
	v[COUNTER_busy_us] = (int64_t)e->busy_us;
	v[COUNTER_rwnd_limited_us] = (int64_t)e->rwnd_limited_us;
	v[COUNTER_sndbuf_limited_us] = (int64_t)e->sndbuf_limited_us;
}

/*
 * Needless: the peer says so of each segment (DSACK, which a network that duplicates causes too), the
 * kernel of all that it sent while it took them for lost. Of the same segments, so not their sum.
 */
static int64_t spurious(const struct reading *r)
{
	uint32_t told = r->extra->dsack_dups, sent = r->count->retrans_segs;

	told = told < sent ? told : sent;
	return told > r->extra->undone ? told : r->extra->undone;
}

static void read_causes(const struct reading *r, int64_t *v)
{
	const __u32 *by = r->extra->retrans;

	v[COUNTER_retrans_rto] = (int64_t)by[CAUSE_RTO] + by[CAUSE_SLOW_START];
	v[COUNTER_retrans_fast] = by[CAUSE_FAST];
	v[COUNTER_retrans_tlp] = by[CAUSE_TLP];
	v[COUNTER_retrans_syn] = by[CAUSE_SYN];
	v[COUNTER_retrans_zwp] = by[CAUSE_ZERO_WINDOW];
	v[COUNTER_retrans_pmtu] = by[CAUSE_PMTU];
	v[COUNTER_retrans_other] = by[CAUSE_OTHER];
	v[COUNTER_retrans_spurious] = spurious(r);
}

static void read_gauges(const struct reading *r, int64_t *v)
{
	const struct ev_extra *e = r->extra;

	v[COUNTER_rtt_us] = r->count->srtt_us;
	v[COUNTER_rtt_min_us] = r->count->min_rtt_us;
	v[COUNTER_rttvar_us] = e->rttvar_us;
	v[COUNTER_cwnd] = e->cwnd;
	v[COUNTER_ssthresh] = e->ssthresh;
	v[COUNTER_delivery_rate] = (int64_t)e->delivery_rate;
	v[COUNTER_app_limited] = e->app_limited;
	v[COUNTER_reordering] = e->reordering;
	v[COUNTER_rto_us] = e->rto_us;
	v[COUNTER_lost] = e->lost;
	v[COUNTER_ecn] = e->ecn;
	v[COUNTER_mss] = e->mss;
	v[COUNTER_recv_q] = e->receive_queue;
	v[COUNTER_send_q] = e->send_queue;
	v[COUNTER_backlog] = e->backlog;
	v[COUNTER_backlog_max] = e->backlog_max;
}

void counter_read(const struct reading *r, int64_t value[COUNTER_COUNT])
{
	memset(value, 0, COUNTER_COUNT * sizeof(value[0]));
	if (r->state == ST_LISTEN) {
		value[COUNTER_listen_drops] = r->extra->drops;
		value[COUNTER_in_receives] = (int64_t)r->extra->in_packets;
		value[COUNTER_out_requests] = (int64_t)r->extra->out_packets;
		value[COUNTER_recv_q] = r->extra->backlog;
		value[COUNTER_send_q] = r->extra->backlog_max;
		value[COUNTER_backlog] = r->extra->backlog;
		value[COUNTER_backlog_max] = r->extra->backlog_max;
		return;
	}
	read_states(r, value);
	read_segments(r, value);
	read_causes(r, value);
	read_gauges(r, value);
}

bool counter_grew(int64_t now[COUNTER_COUNT], const int64_t then[COUNTER_COUNT])
{
	bool grew = false;

	for (int i = 0; i < COUNTER_COUNT; i++) {
		if (now[i] == then[i] || kind_of[i] == GAUGE)
			continue;
		/* A reading may be torn by a segment; the next one mends it. */
		if (kind_of[i] == SUM && now[i] < then[i])
			now[i] = then[i];
		else
			grew = true;
	}
	return grew;
}

void counter_add(struct counters *sum, const int64_t now[COUNTER_COUNT],
		 const int64_t then[COUNTER_COUNT], bool same_socket)
{
	for (int i = 0; i < COUNTER_COUNT; i++) {
		if (kind_of[i] != GAUGE)
			sum->value[i] += now[i] - then[i];
		else if (same_socket || now[i] > sum->value[i])
			sum->value[i] = now[i];
	}
}
