// SPDX-License-Identifier: BSD-2-Clause
#include "verdict/read.h"

#include <string.h>

#include "verdict/facts.h"
#include "verdict/history.h"
#include "verdict/subject.h"

#define US_PER_MS 1000
#define NS_PER_US 1000
#define BITS_PER_BYTE 8
#define US_PER_S 1000000
#define PERMILLE 1000
/* Headers of IPv4, ICMP, and of TCP with timestamps: what a ping of a full segment carries. */
#define TCP_HEADERS 52
#define PING_HEADERS 28

const struct fact_info fact_info[FACT_COUNT] = {
#define FACT(name, unit, meaning) {#name, UNIT_##unit, meaning},
#include "verdict/facts.def"
#undef FACT
};

enum fact fact_find(const char *name, unsigned len)
{
	for (enum fact i = 0; i < FACT_COUNT; i++)
		if (strlen(fact_info[i].name) == len && !memcmp(fact_info[i].name, name, len))
			return i;
	return FACT_COUNT;
}

static int64_t grown(uint64_t now, uint64_t then)
{
	return now > then ? (int64_t)(now - then) : 0;
}

static void set_share(struct facts *f, enum fact id, int64_t part, int64_t whole)
{
	if (whole > 0)
		fact_set(f, id, part >= whole ? PERMILLE : part * PERMILLE / whole);
}

static void set_rate(struct facts *f, enum fact id, int64_t bytes, int64_t us)
{
	if (us > 0)
		fact_set(f, id, (int64_t)((double)bytes * BITS_PER_BYTE * US_PER_S / (double)us));
}

/* How long so many bytes last at a rate, if it is known. */
static void set_lasting(struct facts *f, enum fact id, int64_t bytes, enum fact rate)
{
	if (fact_get(f, rate) > 0)
		fact_set(f, id,
			 (int64_t)((double)bytes * BITS_PER_BYTE * US_PER_S /
				   (double)fact_get(f, rate)));
}

/* Of a fast peer, too, the window is shut at some moments: then the largest that it offered tells how fast it reads. */
static void read_window_lasts(struct facts *f, const struct ev_extra *e)
{
	uint32_t bytes = e->snd_wnd || !(e->known & KNOWN_SENDER) ? e->snd_wnd : e->max_window;

	if (bytes)
		set_lasting(f, FACT_snd_wnd_us, bytes,
			    fact_has(f, FACT_acked_rate) ? FACT_acked_rate : FACT_tx_rate);
}

/* The window: since the reading that `history` holds, or since the connection was begun. */
static void read_window(const struct subject *s, struct facts *f)
{
	uint64_t from = s->ident->open_ns ? s->ident->open_ns : s->ident->established_ns;

	/* Of one that is older than us it is not known when it was begun. */
	if (from && s->time_ns > from && s->ident->seen != SEEN_ADOPTED)
		fact_set(f, FACT_age_us, (int64_t)((s->time_ns - from) / NS_PER_US));
	f->is_life = !s->history || !s->history->has_begin;
	if (!f->is_life)
		from = s->history->begin_ns;
	if (from && s->time_ns > from)
		fact_set(f, FACT_window_us, (int64_t)((s->time_ns - from) / NS_PER_US));
}

static void read_volume(const struct subject *s, const struct ev_count *then, struct facts *f)
{
	const struct ev_count *now = s->count;
	int64_t window = fact_get(f, FACT_window_us);

	fact_set(f, FACT_tx_bytes, grown(now->tx_bytes, then->tx_bytes));
	fact_set(f, FACT_rx_bytes, grown(now->rx_bytes, then->rx_bytes));
	set_rate(f, FACT_tx_rate, f->value[FACT_tx_bytes], window);
	set_rate(f, FACT_rx_rate, f->value[FACT_rx_bytes], window);
	fact_set(f, FACT_acked_bytes, (int64_t)now->acked_bytes);
	/* What the peer takes may have been written long before, and what is written it may not take. */
	if (now->acked_bytes)
		set_rate(f, FACT_acked_rate, grown(now->acked_bytes, then->acked_bytes), window);
	fact_set(f, FACT_retrans, grown(now->retrans_segs, then->retrans_segs));
	if (now->srtt_us)
		fact_set(f, FACT_srtt_us, now->srtt_us);
	if (now->min_rtt_us)
		fact_set(f, FACT_min_rtt_us, now->min_rtt_us);
	if (s->ident->handshake_us)
		fact_set(f, FACT_handshake_us, s->ident->handshake_us);
}

static void read_clocks(const struct ev_extra *now, const struct grown_extra *then, struct facts *f)
{
	int64_t busy = grown(now->busy_us, then->busy_us);

	fact_set(f, FACT_busy_us, busy);
	set_share(f, FACT_busy_share, busy, fact_get(f, FACT_window_us));
	fact_set(f, FACT_rwnd_limited_us, grown(now->rwnd_limited_us, then->rwnd_limited_us));
	set_share(f, FACT_rwnd_share, f->value[FACT_rwnd_limited_us], busy);
	fact_set(f, FACT_sndbuf_limited_us, grown(now->sndbuf_limited_us, then->sndbuf_limited_us));
	set_share(f, FACT_sndbuf_share, f->value[FACT_sndbuf_limited_us], busy);
}

/* What the peer told (DSACK) or the kernel found out (undo): the larger, see doc/verdicts.md. */
static int64_t needless(const struct ev_extra *now, const struct grown_extra *then, int64_t retrans)
{
	int64_t told = grown(now->dsack_dups, then->dsack_dups);
	int64_t undone = grown(now->undone, then->undone);
	int64_t most = told > undone ? told : undone;

	return most < retrans ? most : retrans;
}

static void read_causes(const struct ev_extra *now, const struct grown_extra *then, struct facts *f)
{
	int64_t again[CAUSE_COUNT];

	for (int i = 0; i < CAUSE_COUNT; i++)
		again[i] = grown(now->retrans[i], then->retrans[i]);
	fact_set(f, FACT_by_timeout, again[CAUSE_RTO] + again[CAUSE_SLOW_START]);
	fact_set(f, FACT_by_fast, again[CAUSE_FAST]);
	fact_set(f, FACT_by_probe, again[CAUSE_TLP]);
	fact_set(f, FACT_timeouts, again[CAUSE_RTO]);
	fact_set(f, FACT_syns_again, again[CAUSE_SYN]);
}

static void read_loss(const struct ev_extra *now, const struct grown_extra *then, struct facts *f)
{
	int64_t retrans = fact_get(f, FACT_retrans), no_loss = 0;
	int64_t spurious = needless(now, then, retrans);

	fact_set(f, FACT_data_segs, grown(now->data_segs_out, then->data_segs_out));
	fact_set(f, FACT_spurious, spurious);
	if (now->known & KNOWN_CAUSES) {
		read_causes(now, then, f);
		no_loss = fact_get(f, FACT_syns_again) +
			  grown(now->retrans[CAUSE_ZERO_WINDOW], then->retrans[CAUSE_ZERO_WINDOW]) +
			  grown(now->retrans[CAUSE_PMTU], then->retrans[CAUSE_PMTU]);
	} else if (now->rto_total) {
		fact_set(f, FACT_timeouts, grown(now->rto_total, then->rto_total));
	}
	if (now->rto_time_ms)
		fact_set(f, FACT_timeout_us,
			 grown(now->rto_time_ms, then->rto_time_ms) * US_PER_MS);
	set_share(f, FACT_spurious_share, spurious, retrans);
	no_loss = retrans > spurious + no_loss ? retrans - spurious - no_loss : 0;
	set_share(f, FACT_retrans_share, no_loss, f->value[FACT_data_segs]);
}

/* The timeout doubles each time; so the first of `backoff` was so long ago. */
static void read_stall(const struct ev_extra *e, struct facts *f)
{
	unsigned backoff = e->backoff < 16 ? e->backoff : 16;
	int64_t first = e->rto_us >> backoff;

	fact_set(f, FACT_backoff, e->backoff);
	if (e->rto_us)
		fact_set(f, FACT_rto_us, first);
	if (backoff && e->timer == 1)
		fact_set(f, FACT_stalled_us, first * ((1 << backoff) - 1));
}

/* Those in a row that ended it; also what was before the window, or before we came. */
static void read_last_timeouts(const struct ev_extra *e, struct facts *f)
{
	if (e->backoff > fact_get(f, FACT_timeouts))
		fact_set(f, FACT_timeouts, e->backoff);
}

static void read_flight(const struct ev_extra *e, struct facts *f)
{
	int64_t flight = e->send_queue > e->notsent ? e->send_queue - e->notsent : 0;

	fact_set(f, FACT_flight_segs, e->packets_out);
	fact_set(f, FACT_flight_bytes, flight);
	fact_set(f, FACT_unsent_bytes, e->notsent);
	fact_set(f, FACT_probes, e->probes_out);
	if (flight && e->cwnd && e->mss) {
		int64_t fits = (int64_t)e->cwnd * e->mss;

		if (e->known & KNOWN_SND_WND && e->snd_wnd < fits)
			fits = e->snd_wnd;
		fact_set(f, FACT_room, fits / flight);
		if (fact_get(f, FACT_srtt_us))
			set_rate(f, FACT_sndbuf_rate, flight, fact_get(f, FACT_srtt_us));
	}
}

static void read_levels(const struct ev_extra *e, struct facts *f)
{
	fact_set(f, FACT_waiting_bytes, e->send_queue);
	fact_set(f, FACT_unread_bytes, e->receive_queue);
	set_lasting(f, FACT_unread_us, e->receive_queue, FACT_rx_rate);
	fact_set(f, FACT_cwnd, e->cwnd);
	fact_set(f, FACT_mss_bytes, e->mss);
	if (e->mss && fact_get(f, FACT_flight_bytes) >= e->mss &&
	    fact_get(f, FACT_acked_bytes) < 2 * (int64_t)e->mss)
		fact_set(f, FACT_unproven_bytes, e->mss);
	if (e->mss > PING_HEADERS)
		fact_set(f, FACT_ping_bytes, e->mss + TCP_HEADERS - PING_HEADERS);
	if (e->known & KNOWN_SND_WND) {
		fact_set(f, FACT_snd_wnd_bytes, e->snd_wnd);
		read_window_lasts(f, e);
	}
	if (e->known & KNOWN_RCV_WND)
		fact_set(f, FACT_rcv_wnd_bytes, e->rcv_wnd);
	if (e->known & KNOWN_MEMORY) {
		fact_set(f, FACT_rcvbuf_bytes, e->rcvbuf);
		fact_set(f, FACT_sndbuf_bytes, e->sndbuf);
	}
	if (e->known & KNOWN_HOLDERS)
		fact_set(f, FACT_holders, e->holders);
}

/* Of what is not read again nothing has changed (of a recording), so it has lasted since. */
static void read_times(const struct subject *s, struct facts *f)
{
	const struct ev_extra *e = s->extra;
	int64_t more = 0;

	if (s->read_ns && s->time_ns > s->read_ns)
		more = (int64_t)((s->time_ns - s->read_ns) / NS_PER_US);
	if (e->known & KNOWN_SINCE_ACK)
		fact_set(f, FACT_since_ack_us, (int64_t)e->since_ack_ms * US_PER_MS + more);
	if (e->known & KNOWN_SINCE_RCV)
		fact_set(f, FACT_since_rcv_us, (int64_t)e->since_rcv_ms * US_PER_MS + more);
	if (e->known & KNOWN_SINCE_SND)
		fact_set(f, FACT_since_snd_us, (int64_t)e->since_snd_ms * US_PER_MS + more);
}

/* Of a RST whose sender is known by other packets. */
static void read_reset(unsigned reset_ttl, unsigned peer_ttl, struct facts *f)
{
	if (!reset_ttl || !peer_ttl)
		return;
	fact_set(f, FACT_reset_ttl, reset_ttl);
	fact_set(f, FACT_peer_ttl, peer_ttl);
}

/* Of a source that sees packets only, or no more than these counts. */
static void read_packets(const struct subject *s, const struct ev_count *then,
			 const struct grown_extra *extra_then, struct facts *f)
{
	const struct ev_count *now = s->count;
	int64_t again = grown(now->retrans_bytes, then->retrans_bytes);

	fact_set(f, FACT_waiting_bytes, grown(now->tx_bytes, now->acked_bytes));
	if (s->packets) {
		read_loss(s->packets, extra_then, f);
		read_reset(s->packets->reset_ttl, s->packets->peer_ttl, f);
	} else {
		set_share(f, FACT_retrans_share, again, again + f->value[FACT_tx_bytes]);
	}
	if (s->state == ST_SYN_SENT) {
		fact_set(f, FACT_syns, now->retrans_segs + 1);
		fact_set(f, FACT_syns_again, now->retrans_segs);
	}
}

static void read_flow(const struct subject *s, struct facts *f)
{
	static const struct ev_count no_count;
	static const struct grown_extra no_extra;
	const struct history *h = s->history;
	bool is_life = !h || !h->has_begin;

	read_window(s, f);
	read_volume(s, is_life ? &no_count : &h->count, f);
	if (!s->extra) {
		read_packets(s, is_life ? &no_count : &h->count, is_life ? &no_extra : &h->extra,
			     f);
		return;
	}
	read_clocks(s->extra, is_life ? &no_extra : &h->extra, f);
	read_loss(s->extra, is_life ? &no_extra : &h->extra, f);
	read_stall(s->extra, f);
	if (s->kind == SUBJECT_CLOSED)
		read_last_timeouts(s->extra, f);
	if (s->extra->known & KNOWN_FLIGHT)
		read_flight(s->extra, f);
	read_levels(s->extra, f);
	read_times(s, f);
	if (s->state == ST_SYN_SENT)
		fact_set(f, FACT_syns, s->extra->segs_out);
	if (!h)
		return;
	fact_set(f, FACT_readings, h->readings);
	fact_set(f, FACT_nagle_share, history_share(h, LEVEL_NAGLE));
}

static void read_listener(const struct subject *s, struct facts *f)
{
	static const struct grown_extra no_extra;
	bool is_life = !s->history || !s->history->has_begin;
	const struct grown_extra *then = is_life ? &no_extra : &s->history->extra;

	read_window(s, f);
	if (!s->extra)
		return;
	fact_set(f, FACT_queue, s->extra->backlog);
	fact_set(f, FACT_queue_limit, s->extra->backlog_max);
	fact_set(f, FACT_drops, grown(s->extra->drops, then->drops));
	if (s->extra->known & KNOWN_CAUSES)
		fact_set(f, FACT_synacks_again,
			 grown(s->extra->retrans[CAUSE_SYN], then->retrans[CAUSE_SYN]));
}

static void read_handshake(const struct subject *s, struct facts *f)
{
	const struct ev_handshake *h = s->handshake;

	if (h->first_ns && s->time_ns > h->first_ns)
		fact_set(f, FACT_age_us, (int64_t)((s->time_ns - h->first_ns) / NS_PER_US));
	fact_set(f, FACT_syns_again, h->dup_syn);
	fact_set(f, FACT_syns, h->dup_syn + 1);
	fact_set(f, FACT_synacks_again, h->dup_syn_ack);
	fact_set(f, FACT_drops, h->dropped);
	read_reset(h->reset_ttl, h->peer_ttl, f);
}

/* A counter that was read both times. */
static void set_grown(struct facts *f, enum fact id, int64_t now, int64_t then)
{
	if (now >= 0 && then >= 0)
		fact_set(f, id, now > then ? now - then : 0);
}

static void set_level(struct facts *f, enum fact id, int64_t now)
{
	if (now >= 0)
		fact_set(f, id, now);
}

static void read_host(const struct subject *s, struct facts *f)
{
	const struct host_reading *now = s->host, *then = s->host_then;

	fact_set(f, FACT_window_us, (int64_t)s->window_us);
	set_grown(f, FACT_cookies, now->cookies, then->cookies);
	set_grown(f, FACT_syn_queue_drops, now->syn_queue_drops, then->syn_queue_drops);
	set_grown(f, FACT_mem_cuts,
		  now->memory_pressures + now->pruned + now->receive_drops + now->memory_aborts,
		  then->memory_pressures + then->pruned + then->receive_drops +
			  then->memory_aborts);
	if (now->mem_pages >= 0)
		set_share(f, FACT_mem_share, now->mem_pages, now->mem_limit_pages);
	set_grown(f, FACT_time_wait_overflows, now->time_wait_overflows, then->time_wait_overflows);
	set_level(f, FACT_time_wait, now->time_wait);
	set_level(f, FACT_time_wait_limit, now->time_wait_limit);
	set_level(f, FACT_orphans, now->orphans);
	set_level(f, FACT_orphans_limit, now->orphans_limit);
}

void facts_read(const struct subject *s, struct facts *ret)
{
	memset(ret, 0, sizeof(*ret));
	switch (s->kind) {
	case SUBJECT_LIVE:
	case SUBJECT_CLOSED:
		read_flow(s, ret);
		return;
	case SUBJECT_LISTENER:
		read_listener(s, ret);
		return;
	case SUBJECT_HANDSHAKE:
		read_handshake(s, ret);
		return;
	case SUBJECT_HOST:
		read_host(s, ret);
		return;
	}
}
