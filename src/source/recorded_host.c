// SPDX-License-Identifier: BSD-2-Clause
#include "source/recorded_host.h"

#include <stdio.h>
#include <time.h>

#include "record/recording.h"
#include "util/log.h"

void recorded_loss(struct recorded_host *h, const struct record_loss *l)
{
	struct account *a = &h->account;

	h->has_loss = true;
	*a = (struct account){
		.opened = l->opened,
		.adopted = l->adopted,
		.closed = l->closed,
		.live = l->live,
		.lost = l->lost,
		.lost_tx_bytes = l->lost_tx_bytes,
		.lost_rx_bytes = l->lost_rx_bytes,
		.missed = l->missed,
		.table_full = l->table_full,
		.undecoded = l->undecoded,
		.received = l->received,
		.dropped = l->dropped,
		.interface_dropped = l->interface_dropped,
		.first_ns = l->first_ns,
		.last_ns = l->last_ns,
		.ignored = l->ignored,
		.stray = l->stray,
	};
	snprintf(a->undecoded_why, sizeof(a->undecoded_why), "%s", l->undecoded_why);
}

static const char *when(int64_t wall_us, char *buf, size_t size)
{
	time_t second = (time_t)(wall_us / 1000000);
	struct tm tm;

	localtime_r(&second, &tm);
	strftime(buf, size, "%H:%M:%S", &tm);
	return buf;
}

void recorded_gap(struct recorded_host *h, const struct recording_gap *g)
{
	struct account *a = &h->account;
	char from[16], to[16];

	when(g->from_wall_us, from, sizeof(from));
	when(g->to_wall_us, to, sizeof(to));
	switch (g->kind) {
	case GAP_DAMAGE:
		log_warn("%s: %llu damaged bytes at offset %llu (%s to %s; %llu rows lost)", g->file,
			 (unsigned long long)g->bytes, (unsigned long long)g->offset, from, to,
			 (unsigned long long)g->rows);
		break;
	case GAP_TORN:
		log_warn("%s: ends in the middle of a chunk (%llu bytes left out)", g->file,
			 (unsigned long long)g->bytes);
		return;
	case GAP_MISSING:
		log_warn("%s: %llu rows are missing, %s to %s", g->file, (unsigned long long)g->rows, from,
			 to);
		break;
	case GAP_REPEATED:
		log_warn("%s: %llu rows stand there twice; left out", g->file,
			 (unsigned long long)g->rows);
		return;
	case GAP_STOPPED:
		log_warn("no data from %s to %s: the recorder did not run", from, to);
		return;
	}
	a->undecoded += g->rows ? g->rows : 1;
	a->lost += g->rows;
}

void recorded_account(const struct recorded_host *h, struct account *ret)
{
	*ret = h->account;

	if (h->has_loss)
		return;
	ret->opened = h->opened > h->closed ? h->opened : h->closed;
	ret->adopted = h->adopted;
	ret->closed = h->closed;
	ret->live = ret->opened + ret->adopted - ret->closed - ret->lost;
}

/* What is told of packets in a file is told of one file. */
void recorded_account_add(const struct recorded_host *h, struct account *sum)
{
	struct account one;

	recorded_account(h, &one);
	sum->opened += one.opened;
	sum->adopted += one.adopted;
	sum->closed += one.closed;
	sum->live += one.live;
	sum->lost += one.lost;
	sum->lost_tx_bytes += one.lost_tx_bytes;
	sum->lost_rx_bytes += one.lost_rx_bytes;
	sum->missed += one.missed;
	sum->table_full += one.table_full;
	sum->undecoded += one.undecoded;
	sum->received += one.received;
	sum->dropped += one.dropped;
	sum->interface_dropped += one.interface_dropped;
	sum->ignored += one.ignored;
	sum->stray += one.stray;
}
