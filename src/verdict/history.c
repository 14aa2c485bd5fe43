// SPDX-License-Identifier: BSD-2-Clause
#include "verdict/history.h"

#include <string.h>

#include "verdict/subject.h"

/* tcp_win_from_space() with the default tcp_adv_win_scale: overhead takes half of a buffer. */
#define OVERHEAD 2
#define QUEUED_MIN_US 20000
/* What is in flight because an answer takes its time is no queue. */
#define QUEUED_MIN_SEGS 4
/* TCP_NAGLE_OFF, TCP_NAGLE_CORK (include/net/tcp.h). */
#define NAGLE_OFF_OR_CORKED 3
#define PERMILLE 1000

static bool knows(const struct ev_extra *e, unsigned bits)
{
	return (e->known & bits) == bits;
}

static uint32_t flight_bytes(const struct ev_extra *e)
{
	return e->send_queue > e->notsent ? e->send_queue - e->notsent : 0;
}

static bool is_unread(const struct ev_extra *e)
{
	return knows(e, KNOWN_MEMORY) && e->rcvbuf && e->receive_queue > e->rcvbuf / OVERHEAD / 2;
}

static bool is_sndbuf(const struct ev_extra *e)
{
	return knows(e, KNOWN_MEMORY | KNOWN_FLIGHT | KNOWN_SND_WND) && e->sndbuf &&
	       e->wmem_bytes >= e->sndbuf && e->notsent < e->mss && e->packets_out &&
	       e->packets_out < e->cwnd / 4 * 3 && flight_bytes(e) < e->snd_wnd / 2;
}

static bool is_queued(const struct ev_count *c, const struct ev_extra *e)
{
	return knows(e, KNOWN_FLIGHT) && c->min_rtt_us && e->packets_out >= QUEUED_MIN_SEGS &&
	       c->srtt_us / 2 >= c->min_rtt_us && c->srtt_us - c->min_rtt_us >= QUEUED_MIN_US;
}

/* Nagle's algorithm is on, or not seen: then the rest must do. */
static bool is_nagle(const struct ev_extra *e)
{
	return knows(e, KNOWN_FLIGHT | KNOWN_SND_WND) && e->notsent && e->notsent < e->mss &&
	       e->packets_out && e->packets_out < e->cwnd && !e->retransmits &&
	       e->snd_wnd > flight_bytes(e) + e->notsent &&
	       (!knows(e, KNOWN_SENDER) || !(e->nonagle & NAGLE_OFF_OR_CORKED));
}

/* The probe's timer alone does not tell: it runs for a sender that is paced, too. */
static bool is_closed_window(const struct ev_extra *e)
{
	if (!knows(e, KNOWN_FLIGHT) || !e->notsent)
		return false;
	if (!knows(e, KNOWN_SND_WND))
		return e->timer == 4;
	return !e->snd_wnd || (e->timer == 4 && e->snd_wnd < e->mss);
}

static bool is_cwnd(const struct ev_extra *e)
{
	return knows(e, KNOWN_FLIGHT) && e->cwnd &&
	       ((knows(e, KNOWN_SENDER) && e->cwnd_limited) || e->packets_out >= e->cwnd);
}

static void shift(struct history *h, const struct subject *s)
{
	const struct ev_extra *e = s->extra;
	const bool met[LEVEL_COUNT] = {
		[LEVEL_UNREAD] = is_unread(e),
		[LEVEL_SNDBUF] = is_sndbuf(e),
		[LEVEL_QUEUED] = is_queued(s->count, e),
		[LEVEL_NAGLE] = is_nagle(e),
		[LEVEL_CLOSED_WINDOW] = is_closed_window(e),
		[LEVEL_CWND] = is_cwnd(e),
	};

	for (int i = 0; i < LEVEL_COUNT; i++)
		h->level[i] = (uint16_t)(h->level[i] << 1 | met[i]);
	if (h->readings < HISTORY_READINGS_MAX)
		h->readings++;
}

struct grown_extra grown_extra(const struct ev_extra *e)
{
	struct grown_extra ret = {
		.busy_us = e->busy_us,
		.rwnd_limited_us = e->rwnd_limited_us,
		.sndbuf_limited_us = e->sndbuf_limited_us,
		.data_segs_out = e->data_segs_out,
		.dsack_dups = e->dsack_dups,
		.undone = e->undone,
		.rto_total = e->rto_total,
		.rto_time_ms = e->rto_time_ms,
		.drops = e->drops,
	};

	memcpy(ret.retrans, e->retrans, sizeof(ret.retrans));
	return ret;
}

void history_turn(struct history *h, const struct subject *s)
{
	h->begin_ns = s->time_ns;
	h->count = *s->count;
	if (s->extra || s->packets)
		h->extra = grown_extra(s->extra ? s->extra : s->packets);
	h->has_begin = true;
}

void history_note(struct history *h, uint64_t id, const struct subject *s)
{
	bool is_new = h->id != id;

	if (is_new) {
		*h = (struct history){.id = id};
		h->begin_ns = s->ident->open_ns ? s->ident->open_ns : s->time_ns;
	}
	h->last_ns = s->time_ns;
	if (s->extra && s->state != ST_LISTEN)
		shift(h, s);
	if (is_new && s->ident->seen == SEEN_ADOPTED)
		history_turn(h, s);
}

unsigned history_share(const struct history *h, enum level level)
{
	unsigned bits = h->level[level];

	if (!h->readings)
		return 0;
	if (h->readings < HISTORY_READINGS_MAX)
		bits &= (1u << h->readings) - 1;
	return (unsigned)__builtin_popcount(bits) * PERMILLE / h->readings;
}
