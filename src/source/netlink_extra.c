// SPDX-License-Identifier: BSD-2-Clause
#include "source/netlink_extra.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/column.h"
#include "source/netlink_diag.h"
#include "util/log.h"

/* TCPI_OPT_ECN of linux/tcp.h: negotiated. */
#define OPTION_ECN 8
#define INFO_BYTES_MAX 1024
/* tcpi_pacing_rate where nothing is paced. */
#define NOT_PACED (~0ull)

/* Fields that hold queues of connections if it is a listener. */
static void read_listener(const struct diag *d, struct ev_extra *e)
{
	e->backlog = d->receive_queue;
	e->backlog_max = d->send_queue;
	e->drops = d->drops;
}

static void read_segments(const struct tcp_info *t, struct ev_extra *e)
{
	e->segs_in = t->tcpi_segs_in;
	e->segs_out = t->tcpi_segs_out;
	e->data_segs_in = t->tcpi_data_segs_in;
	e->data_segs_out = t->tcpi_data_segs_out;
	e->delivered = t->tcpi_delivered;
	e->delivered_ce = t->tcpi_delivered_ce;
	e->lost = t->tcpi_lost;
	e->reordering = t->tcpi_reordering;
	e->reord_seen = t->tcpi_reord_seen;
	e->dsack_dups = t->tcpi_dsack_dups;
	e->ooo_packets = t->tcpi_rcv_ooopack;
	e->retransmits = t->tcpi_retransmits;
	e->backoff = t->tcpi_backoff;
	e->ecn = (t->tcpi_options & OPTION_ECN) != 0;
}

static void read_pace(const struct tcp_info *t, struct ev_extra *e)
{
	e->delivery_rate = t->tcpi_delivery_rate;
	e->app_limited = t->tcpi_delivery_rate_app_limited;
	e->busy_us = t->tcpi_busy_time;
	e->rwnd_limited_us = t->tcpi_rwnd_limited;
	e->sndbuf_limited_us = t->tcpi_sndbuf_limited;
	e->rttvar_us = t->tcpi_rttvar;
	e->rto_us = t->tcpi_rto;
	e->cwnd = t->tcpi_snd_cwnd;
	e->ssthresh = t->tcpi_snd_ssthresh;
	e->mss = t->tcpi_snd_mss;
}

/* A notice tells nothing of memory, which is given back by then. */
static void read_memory(const struct diag *d, struct ev_extra *e)
{
	/* Whoever holds it was found out elsewhere. */
	e->known = (e->known & KNOWN_HOLDERS) | (d->has_memory ? KNOWN_MEMORY : 0);
	e->rmem_bytes = d->rmem_bytes;
	e->wmem_bytes = d->wmem_bytes;
	e->forward_bytes = d->forward_bytes;
	e->rcvbuf = d->rcvbuf;
	e->sndbuf = d->sndbuf;
}

/* The kernel notes the times when the handshake is over, and measures a round trip then. */
static bool knows_times(const struct diag *d)
{
	return d->state == ST_CLOSE ? d->info.tcpi_rtt != 0 : d->state != ST_SYN_SENT;
}

static void read_levels(const struct diag *d, struct ev_extra *e)
{
	const struct tcp_info *t = &d->info;

	e->known |= KNOWN_FLIGHT | (d->has_snd_wnd ? KNOWN_SND_WND : 0) |
		    (d->has_rcv_wnd ? KNOWN_RCV_WND : 0);
	e->packets_out = t->tcpi_unacked;
	e->sacked = t->tcpi_sacked;
	e->notsent = t->tcpi_notsent_bytes;
	e->ca_state = t->tcpi_ca_state;
	e->probes_out = t->tcpi_probes;
	e->pmtu = t->tcpi_pmtu;
	e->rcv_rtt_us = t->tcpi_rcv_rtt;
	e->snd_wnd = t->tcpi_snd_wnd;
	e->rcv_wnd = d->rcv_wnd;
	if (t->tcpi_pacing_rate != NOT_PACED) {
		e->known |= KNOWN_PACING;
		e->pacing_rate = t->tcpi_pacing_rate;
	}
	if (!knows_times(d))
		return;
	e->known |= KNOWN_SINCE_SND | KNOWN_SINCE_RCV | KNOWN_SINCE_ACK;
	e->since_snd_ms = t->tcpi_last_data_sent;
	e->since_rcv_ms = t->tcpi_last_data_recv;
	e->since_ack_ms = t->tcpi_last_ack_recv;
}

void extra_read(const struct diag *d, struct ev_extra *extra)
{
	read_memory(d, extra);
	if (d->state == ST_LISTEN) {
		read_listener(d, extra);
		return;
	}
	read_segments(&d->info, extra);
	read_pace(&d->info, extra);
	read_levels(d, extra);
	extra->rto_total = d->rto_total;
	extra->rto_time_ms = d->rto_time_ms;
	extra->receive_queue = d->receive_queue;
	extra->send_queue = d->send_queue;
	extra->timer = d->timer;
	extra->timer_ms = d->timer_ms;
	if (d->state != ST_CLOSE)
		memcpy(extra->congestion, d->congestion, sizeof(extra->congestion));
}

/* How much of struct tcp_info this kernel has; 0 if it does not say. */
static size_t info_bytes(void)
{
	char info[INFO_BYTES_MAX];
	socklen_t len = sizeof(info);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	bool ok = fd >= 0 && !getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len);

	if (fd >= 0)
		close(fd);
	return ok ? len : 0;
}

unsigned extra_lacks(unsigned needs)
{
	static const struct {
		enum column_need need;
		size_t info_bytes; /* from this length on the kernel tells it */
		const char *columns;
	} unknown[] = {
		{NEED_CALLS, SIZE_MAX, "messages_sent, messages_received"},
		{NEED_PACKETS, SIZE_MAX, "in_receives, out_requests"},
		{NEED_ERROR, SIZE_MAX, "attempt_fails"},
		{NEED_RESETS, SIZE_MAX, "out_rsts"},
		{NEED_DELACKS, SIZE_MAX, "delayed_acks"},
		{NEED_CAUSES, SIZE_MAX, "retrans_rto and other causes"},
		{NEED_OOO, DIAG_INFO_OOO_BYTES, "ooo_packets"},
		{NEED_RTO, DIAG_INFO_RTO_BYTES, "rto_total, rto_time_ms"},
	};
	size_t have = info_bytes(), used = 0;
	char list[256] = "";
	unsigned lacks = 0;

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		if (!(needs & unknown[i].need) || have >= unknown[i].info_bytes)
			continue;
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
					 lacks ? ", " : "", unknown[i].columns);
		lacks |= unknown[i].need;
	}
	if (lacks)
		log_warn("sock_diag does not tell %s: empty, not 0; --source bpf may know them",
			 list);
	return lacks;
}
