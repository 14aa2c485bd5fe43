// SPDX-License-Identifier: BSD-2-Clause
/* Connections that live: first those that do not move, then what is certain, then what is inferred.
 */
#include <string.h>

#include "verdict/history.h"
#include "verdict/rules.h"
#include "verdict/verdict.h"

#define HOLDS(name) static bool name(const struct subject *s, const struct facts *f)
#define HOUR (3600ll * SECOND)

static bool is_open(const struct subject *s)
{
	return s->state != ST_SYN_SENT && s->state != ST_SYN_RECV && s->state != ST_TIME_WAIT &&
	       s->state != ST_CLOSE && s->state != ST_LISTEN;
}

/* Nothing is in flight, nothing waits. */
static bool is_quiet(const struct facts *f)
{
	return fact_has(f, FACT_flight_segs) && !f->value[FACT_flight_segs] &&
	       !fact_get(f, FACT_unsent_bytes);
}

HOLDS(no_answer)
{
	bool is_again = s->count->retrans_segs || (s->extra && s->extra->retransmits);
	/* A SYN is sent again after a second, so one that is older than us has that age. */
	bool is_old = !fact_has(f, FACT_age_us) || f->value[FACT_age_us] >= SECOND;

	return s->state == ST_SYN_SENT && is_old && is_again && !(s->extra && s->extra->soft_error);
}

HOLDS(icmp_answers)
{
	(void)f;
	return s->state == ST_SYN_SENT && s->extra && s->extra->soft_error;
}

/* The same data went `times` times and was not answered. */
static bool is_silent(const struct subject *s, const struct facts *f, int64_t times)
{
	int64_t least = 3 * fact_get(f, FACT_rto_us);

	return is_open(s) && s->extra && s->extra->timer == 1 &&
	       fact_get(f, FACT_backoff) >= times && fact_get(f, FACT_flight_segs) > 0 &&
	       fact_get(f, FACT_stalled_us) >= least && fact_get(f, FACT_stalled_us) >= SECOND / 2;
}

/* Payload or an acknowledgement came after the first timeout, or another connection is well. */
static bool peer_lives(const struct subject *s, const struct facts *f)
{
	int64_t since = fact_get(f, FACT_stalled_us);

	return s->peer_lives ||
	       (fact_has(f, FACT_since_ack_us) && f->value[FACT_since_ack_us] < since) ||
	       (fact_has(f, FACT_since_rcv_us) && f->value[FACT_since_rcv_us] < since);
}

HOLDS(large_vanish)
{
	int64_t mss = fact_get(f, FACT_mss_bytes);

	return is_silent(s, f, 2) && fact_get(f, FACT_flight_bytes) >= mss && mss > 0 &&
	       fact_get(f, FACT_acked_bytes) < 2 * mss && peer_lives(s, f);
}

HOLDS(orphan)
{
	return (s->state == ST_FIN_WAIT1 || s->state == ST_LAST_ACK || s->state == ST_CLOSING) &&
	       fact_get(f, FACT_waiting_bytes) > 1 &&
	       (fact_get(f, FACT_backoff) >= 2 || history_twice(s->history, LEVEL_CLOSED_WINDOW));
}

HOLDS(peer_silent)
{
	return is_silent(s, f, 2) &&
	       (!fact_has(f, FACT_since_ack_us) || f->value[FACT_since_ack_us] >= SECOND);
}

/* Probes into a closed window are answered, or the peer is gone. */
HOLDS(probes_unanswered)
{
	return is_open(s) && s->extra && s->extra->timer == 4 && fact_get(f, FACT_probes) >= 3 &&
	       fact_get(f, FACT_since_ack_us) >= SECOND;
}

HOLDS(zero_window)
{
	return is_open(s) && history_twice(s->history, LEVEL_CLOSED_WINDOW) &&
	       fact_get(f, FACT_since_snd_us) >= SECOND;
}

HOLDS(keepalive_probing)
{
	return is_open(s) && is_quiet(f) && fact_get(f, FACT_probes) >= 2;
}

HOLDS(close_wait)
{
	return s->state == ST_CLOSE_WAIT && fact_get(f, FACT_since_ack_us) >= 60 * SECOND &&
	       fact_get(f, FACT_since_rcv_us) >= 60 * SECOND && !fact_get(f, FACT_tx_bytes) &&
	       (!fact_has(f, FACT_holders) || f->value[FACT_holders]);
}

HOLDS(half_open)
{
	return s->state == ST_ESTABLISHED && is_quiet(f) && s->extra && !s->extra->timer &&
	       fact_get(f, FACT_since_ack_us) >= 2 * HOUR &&
	       fact_get(f, FACT_since_rcv_us) >= 2 * HOUR;
}

/* Whoever reads makes room, and the window opens. */
HOLDS(reader_stopped)
{
	return is_open(s) && history_twice(s->history, LEVEL_UNREAD) &&
	       fact_get(f, FACT_window_us) >= SECOND && !fact_get(f, FACT_rx_bytes) &&
	       fact_has(f, FACT_rcv_wnd_bytes) &&
	       f->value[FACT_rcv_wnd_bytes] < fact_get(f, FACT_mss_bytes);
}

/* A full queue that is emptied at once is a fast peer, not a slow reader. */
HOLDS(reader_slow)
{
	return is_open(s) && history_twice(s->history, LEVEL_UNREAD) &&
	       (!fact_has(f, FACT_unread_us) || f->value[FACT_unread_us] >= SECOND / 10);
}

/* In flight so long that the kernel's clocks, which go in ticks, can be believed. */
static bool has_clocks(const struct facts *f)
{
	return fact_get(f, FACT_busy_us) >= CLOCK_LEAST;
}

HOLDS(peer_reads_slowly)
{
	return is_open(s) && has_clocks(f) && fact_get(f, FACT_rwnd_share) >= PERCENT(25);
}

/*
 * A window that lasts for less than 10 ms is a peer that reads fast, and still is the limit; so is
 * one of the largest windows (32 MiB since Linux 6.17), which last longer, on a machine whose CPUs
 * are taken.
 */
static enum severity weigh_window(const struct subject *s, const struct facts *f)
{
	int64_t rate = fact_get(f, fact_has(f, FACT_acked_rate) ? FACT_acked_rate : FACT_tx_rate);
	bool is_short =
		fact_has(f, FACT_snd_wnd_us) && f->value[FACT_snd_wnd_us] < 10 * MILLISECOND;

	(void)s;
	return is_short || rate >= FAST_RATE ? SEVERITY_WATCH : SEVERITY_SLOW;
}

HOLDS(sndbuf)
{
	return is_open(s) && (history_twice(s->history, LEVEL_SNDBUF) ||
			      (has_clocks(f) && fact_get(f, FACT_sndbuf_share) >= PERCENT(25)));
}

/*
 * Where the peer is near, a buffer is no limit that anybody would feel. How near tells the least
 * round trip: what they take more waits for a busy processor, or in a queue, which a larger buffer
 * would only lengthen.
 */
static enum severity weigh_sndbuf(const struct subject *s, const struct facts *f)
{
	bool is_near = fact_get(f, FACT_srtt_us) < MILLISECOND ||
		       (fact_has(f, FACT_min_rtt_us) && f->value[FACT_min_rtt_us] < MILLISECOND);

	(void)s;
	return is_near ? SEVERITY_WATCH : SEVERITY_SLOW;
}

HOLDS(spurious)
{
	return is_open(s) && fact_get(f, FACT_spurious) >= 3 &&
	       fact_get(f, FACT_spurious_share) >= PERCENT(30);
}

/*
 * On a busy machine the timer of a loss probe may be early, where round trips are short: it costs a
 * segment, and nothing else, since a probe does not make the congestion window smaller.
 */
static enum severity weigh_spurious(const struct subject *s, const struct facts *f)
{
	bool only_probes = fact_get(f, FACT_by_probe) == fact_get(f, FACT_retrans) &&
			   fact_has(f, FACT_min_rtt_us) &&
			   fact_get(f, FACT_min_rtt_us) < MILLISECOND;

	(void)s;
	return only_probes || fact_get(f, FACT_spurious) * 100 < fact_get(f, FACT_data_segs)
		       ? SEVERITY_WATCH
		       : SEVERITY_SLOW;
}

HOLDS(loss)
{
	int64_t least = fact_get(f, FACT_srtt_us) > 50 * MILLISECOND ? 1 : PERCENT(1);

	return is_open(s) && fact_get(f, FACT_retrans) - fact_get(f, FACT_spurious) >= 5 &&
	       fact_get(f, FACT_retrans_share) >= least;
}

/* Loss does not slow BBR down by itself. */
static enum severity weigh_loss(const struct subject *s, const struct facts *f)
{
	bool is_bbr = s->extra && !strncmp(s->extra->congestion, "bbr", 3);

	return is_bbr && fact_get(f, FACT_retrans_share) < PERCENT(5) && !fact_get(f, FACT_timeouts)
		       ? SEVERITY_WATCH
		       : SEVERITY_SLOW;
}

HOLDS(bufferbloat)
{
	return is_open(s) && history_twice(s->history, LEVEL_QUEUED) &&
	       fact_get(f, FACT_busy_share) >= PERCENT(50) &&
	       fact_get(f, FACT_retrans_share) < PERCENT(1);
}

HOLDS(nagle)
{
	int64_t excess = fact_get(f, FACT_srtt_us) - fact_get(f, FACT_min_rtt_us);

	return is_open(s) && fact_get(f, FACT_readings) >= 5 &&
	       fact_get(f, FACT_nagle_share) >= PERCENT(30) && excess >= 10 * MILLISECOND;
}

HOLDS(path_full)
{
	return is_open(s) && has_clocks(f) && fact_get(f, FACT_busy_share) >= PERCENT(80) &&
	       history_twice(s->history, LEVEL_CWND);
}

/* What is received is ten times what is sent: requests, at most. */
HOLDS(receiving)
{
	return is_open(s) && fact_get(f, FACT_window_us) >= SECOND &&
	       fact_get(f, FACT_rx_bytes) > 0 &&
	       fact_get(f, FACT_tx_bytes) * 10 < fact_get(f, FACT_rx_bytes) &&
	       fact_get(f, FACT_busy_share) < PERCENT(50);
}

HOLDS(application)
{
	if (!is_open(s) || !s->extra || fact_get(f, FACT_window_us) < SECOND ||
	    fact_get(f, FACT_backoff))
		return false;
	if (!fact_get(f, FACT_tx_bytes))
		return false;
	return fact_get(f, FACT_busy_share) < PERCENT(50) ||
	       (s->extra->app_limited && !fact_get(f, FACT_unsent_bytes));
}

/* It moves, and nothing of the above is so. */
HOLDS(unclear)
{
	return is_open(s) && fact_get(f, FACT_window_us) >= SECOND &&
	       (fact_get(f, FACT_tx_bytes) > 0 || fact_get(f, FACT_rx_bytes) > 0);
}

// clang-format off
static const struct rule rules[] = {
	{"blackhole_syn", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "in syn_sent, a SYN was sent again, and no ICMP error came", "1 s",
	 "no answer to SYN: {syns} sent[ in {age_us}], nothing came back; something drops them on the way",
	 "syns,age_us",
	 "tcpsight peek on both ends; a firewall that drops, a security group, a full accept queue there, the route back",
	 no_answer},
	{"rejected", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "in syn_sent, and an ICMP error has come", "one ICMP error",
	 "an ICMP error answers the SYN ({error}): a router or firewall rejects it, and the kernel tries on",
	 "syns,age_us",
	 "tcpsight peek --icmp shows the error; whoever sent it is the box to look at",
	 icmp_answers},
	{"pmtu_blackhole", SEVERITY_STALLED, CERTAINTY_INFERRED,
	 "two timeouts in a row of a full segment, no full segment was ever acknowledged, and the peer lives",
	 "2 timeouts",
	 "large packets vanish: segments of {mss_bytes} were sent again for {stalled_us}, none was ever acknowledged, and the peer lives; the path takes less, and no ICMP says so",
	 "mss_bytes,backoff,stalled_us,acked_bytes,flight_bytes",
	 "ping -M do -s {ping_bytes#} {peer}; ICMP type 3 code 4 that is filtered; an MSS clamp; tcp_mtu_probing=1",
	 large_vanish},
	{"orphan", SEVERITY_STALLED, CERTAINTY_MEASURED,
	 "closed here, in fin_wait1, last_ack or closing, with payload that waits: two timeouts in a row, or a closed window",
	 "2 timeouts",
	 "closed here, but {waiting_bytes} still wait for the peer[, sent again for {stalled_us}]",
	 "waiting_bytes,backoff,stalled_us,since_ack_us",
	 "the peer, the path to it; tcp_max_orphans if there are many",
	 orphan},
	{"peer_silent", SEVERITY_STALLED, CERTAINTY_MEASURED,
	 "two timeouts in a row, and nothing was acknowledged for 3 timeouts and 1 s", "2 timeouts",
	 "peer or path is gone: {backoff:timeout} in a row, nothing heard for {since_ack_us}, {waiting_bytes} unacknowledged[; or full-size packets do not pass: none of {unproven_bytes} ever did]",
	 "backoff,since_ack_us,waiting_bytes,stalled_us,acked_bytes",
	 "other connections to that peer: tcpsight why 'dst host {peer}'; link, route, conntrack",
	 peer_silent},
	{"peer_silent", SEVERITY_STALLED, CERTAINTY_MEASURED,
	 "three probes of a closed window without an answer", "3 probes",
	 "peer or path is gone: {probes:probe} of its closed window had no answer for {since_ack_us}, {waiting_bytes} wait here",
	 "probes,since_ack_us,waiting_bytes",
	 "other connections to that peer: tcpsight why 'dst host {peer}'; link, route, conntrack",
	 probes_unanswered},
	{"zero_window", SEVERITY_STALLED, CERTAINTY_MEASURED,
	 "the peer's window is closed over data that waits, in two readings, and nothing was sent for 1 s",
	 "1 s",
	 "peer's window is closed: its application has read nothing for {since_snd_us}; {unsent_bytes} wait here",
	 "since_snd_us,unsent_bytes,since_ack_us,rwnd_share",
	 "the process that reads there, not the network",
	 zero_window},
	{"keepalive_probing", SEVERITY_STALLED, CERTAINTY_MEASURED,
	 "nothing is in flight, and two keep-alive probes had no answer", "2 probes",
	 "idle, and the peer does not answer: {probes:keep-alive probe} lost, nothing heard for {since_ack_us}",
	 "probes,since_ack_us",
	 "as if the peer were gone: host, link, a firewall or NAT that forgot the connection",
	 keepalive_probing},
	{"close_wait", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "in close_wait for 60 s, nothing was written", "60 s",
	 "never closed, although the peer has been done for {since_ack_us}",
	 "since_ack_us,unread_bytes",
	 "the code path that does not close the socket; how near the process is to its limit of descriptors",
	 close_wait},
	{"half_open", SEVERITY_WATCH, CERTAINTY_INFERRED,
	 "established, nothing in flight, silent for 2 h, and no keep-alive timer", "2 h",
	 "silent for {since_ack_us} without keep-alive: whether the peer still exists cannot be told",
	 "since_ack_us,since_rcv_us",
	 "SO_KEEPALIVE in the application; ss -K ends it",
	 half_open},
	{"reader_slow", SEVERITY_STALLED, CERTAINTY_MEASURED,
	 "more than half of what the receive buffer takes waits to be read, in two readings, nothing came, and our window takes no full segment",
	 "1 s",
	 "reads nothing: for {window_us} {unread_bytes} have waited to be read, and nothing more can come",
	 "unread_bytes,window_us,rcvbuf_bytes,rcv_wnd_bytes",
	 "what that process waits for: its stack (gdb -p, py-spy dump), a lock, a disk",
	 reader_stopped},
	{"reader_slow", SEVERITY_SLOW, CERTAINTY_MEASURED,
	 "more than half of what the receive buffer takes waits to be read, in two readings, for 100 ms",
	 "2 readings",
	 "reads too slowly: {unread_bytes} wait[ for {unread_us}] to be read[; the peer is offered a window of {rcv_wnd_bytes}]",
	 "unread_bytes,unread_us,rcvbuf_bytes,rcv_wnd_bytes,rx_rate",
	 "CPU and threads of that process; a lock or a disk that it waits for",
	 reader_slow},
	{"peer_reads_slowly", SEVERITY_SLOW, CERTAINTY_MEASURED,
	 "the peer's window was full for 25 % of the time in which data was in flight; watch if a window lasts less than 10 ms, or it takes 10 Gbit/s",
	 "200 ms",
	 "the peer's receive window limits for {rwnd_share} of the time ({rwnd_limited_us} of {busy_us})[; it takes {acked_rate}]",
	 "rwnd_share,rwnd_limited_us,busy_us,snd_wnd_bytes,acked_rate,tx_rate,srtt_us",
	 "the process that reads there; its receive buffer (SO_RCVBUF, tcp_rmem) if it reads at once",
	 peer_reads_slowly, weigh_window},
	{"sndbuf", SEVERITY_SLOW, CERTAINTY_MEASURED,
	 "the send buffer is full while both windows have room, in two readings, or for 25 % of the time; watch if the least round trip takes less than 1 ms",
	 "2 readings",
	 "send buffer too small: {flight_bytes} in flight per {srtt_us} allow {sndbuf_rate}[, the windows have room for {room} times that]",
	 "flight_bytes,srtt_us,sndbuf_rate,room,sndbuf_bytes,sndbuf_share",
	 "SO_SNDBUF that the application sets, which switches autotuning off; tcp_wmem, tcp_mem",
	 sndbuf, weigh_sndbuf},
	{"spurious", SEVERITY_SLOW, CERTAINTY_MEASURED,
	 "30 % of what was sent again was needless; watch if that is less than 1 % of the segments, or all were loss probes and a round trip takes less than 1 ms", "3 segments",
	 "{spurious} of {retrans:retransmission} were needless: packets were overtaken or held up on the way, not lost[; {inferred}]",
	 "spurious,retrans,spurious_share,by_fast,by_timeout,by_probe",
	 "what balances packets over several links (LAG, ECMP), wifi; jumps of the round-trip time; tcp_reordering",
	 spurious, weigh_spurious},
	{"loss", SEVERITY_SLOW, CERTAINTY_MEASURED,
	 "1 % of the segments was sent again (0.1 % if a round trip takes more than 50 ms), needless ones aside; watch with BBR below 5 %",
	 "5 segments",
	 "loss limits: {retrans_share} sent again[ ({by_fast} fast[, {timeouts:timeout}][ that cost {timeout_us}])][; causes {inferred}]",
	 "retrans_share,retrans,data_segs,by_fast,by_timeout,by_probe,timeouts,timeout_us,srtt_us",
	 "where: tcpsight top -o comm,remote,retrans,retrans_rto,retrans_fast --sort retrans; duplex, policers, wifi",
	 loss, weigh_loss},
	{"bufferbloat", SEVERITY_SLOW, CERTAINTY_INFERRED,
	 "round trips take twice the least one and 20 ms more, in two readings, with 4 segments in flight for 50 % of the time",
	 "2 readings",
	 "a queue on the path is full: round trips take {srtt_us}, {min_rtt_us} without load, at {tx_rate}",
	 "srtt_us,min_rtt_us,tx_rate,flight_bytes,busy_share",
	 "own traffic? fq_codel or cake at the bottleneck, bbr; else the line is simply full",
	 bufferbloat},
	{"nagle", SEVERITY_SLOW, CERTAINTY_INFERRED,
	 "in 30 % of the readings a small write waited, although the windows had room, and Nagle's algorithm is on; round trips take 10 ms more than the least one",
	 "5 readings",
	 "small writes wait for an acknowledgement that the peer delays (Nagle): {srtt_us} a round trip, {min_rtt_us} without",
	 "nagle_share,srtt_us,min_rtt_us,unsent_bytes",
	 "TCP_NODELAY, or header and body in one write (writev)",
	 nagle},
	{"path_full", SEVERITY_FINE, CERTAINTY_MEASURED,
	 "the congestion window is full in two readings, and data is in flight for 80 % of the time", "200 ms",
	 "uses what the path gives: {tx_rate}, window {cwnd} segments, {srtt_us} a round trip",
	 "tx_rate,cwnd,srtt_us,busy_share", "nothing, or a bigger line",
	 path_full},
	{"receiving", SEVERITY_FINE, CERTAINTY_MEASURED,
	 "it receives, and sends a tenth of that at most", "1 s",
	 "receives {rx_rate}; what limits it is visible at the sender",
	 "rx_rate,rx_bytes,tx_bytes", "tcpsight why there",
	 receiving},
	{"application", SEVERITY_FINE, CERTAINTY_MEASURED,
	 "data is in flight for less than 50 % of the time, or the application ran dry", "1 s",
	 "the network waits for the application: data in flight {busy_share} of the time",
	 "busy_share,busy_us,tx_rate,rx_rate", "the application, or what it waits for itself",
	 application},
	{"unclear", SEVERITY_FINE, CERTAINTY_INFERRED,
	 "it moves, and no other rule holds", "1 s",
	 "moves {tx_rate} out and {rx_rate} in, and no single limit stands out[: data in flight {busy_share} of the time]",
	 "tx_rate,rx_rate,busy_share,srtt_us", "a longer look: --for 10",
	 unclear},
};
// clang-format on

const struct rule_table rule_live = {"connections that live", rules,
				     sizeof(rules) / sizeof(rules[0])};
