// SPDX-License-Identifier: BSD-2-Clause
#include "source/recorded_host.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/source.h"
#include "record/recording.h"
#include "util/log.h"

void recorded_host_init(struct recorded_host *h, bool has_counters)
{
	*h = (struct recorded_host){0};
	for (unsigned i = 0; i < HOST_FIGURES; i++)
		*host_figure_at(&h->reading, i) = has_counters && i < HOST_GROWING ? 0 : -1;
}

void recorded_loss(struct recorded_host *h, const struct record_loss *l)
{
	struct account *a = &h->account;

	/* Within the run only losses are told; how many flows there were is known by counting them. */
	h->has_loss = l->opened || l->adopted || l->closed || l->live;
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
		.inexact = l->inexact,
	};
	snprintf(a->undecoded_why, sizeof(a->undecoded_why), "%s", l->undecoded_why);
}

void recorded_counter(struct recorded_host *h, const struct record_host *row)
{
	static const char *const loads[] = {"load1", "load5", "load15"};

	for (int i = 0; i < COUNTER_COUNT; i++)
		if (counters[i].kind == HOST && !strcmp(counters[i].name, row->counter))
			h->counter[i] += row->value;
	for (unsigned i = 0; i < HOST_FIGURES; i++) {
		int64_t *figure = host_figure_at(&h->reading, i);

		if (!strcmp(host_figure_name(i), row->counter))
			*figure = row->value + (i < HOST_GROWING && *figure > 0 ? *figure : 0);
	}
	for (unsigned i = 0; i < 3; i++)
		if (!strcmp(loads[i], row->counter)) {
			h->load[i] = (uint32_t)row->value;
			h->has_load = true;
		}
}

static const char *when(int64_t wall_us, char *buf, size_t size)
{
	time_t second = (time_t)(wall_us / 1000000);
	struct tm tm;

	localtime_r(&second, &tm);
	strftime(buf, size, "%H:%M:%S", &tm);
	return buf;
}

bool recorded_gap(struct recorded_host *h, const struct recording_gap *g, struct source_gap *ret)
{
	struct account *a = &h->account;
	char from[16], to[16];

	*ret = (struct source_gap){
		.from_wall_us = g->from_wall_us, .to_wall_us = g->to_wall_us, .rows = g->rows};
	when(g->from_wall_us, from, sizeof(from));
	when(g->to_wall_us, to, sizeof(to));
	switch (g->kind) {
	case GAP_DAMAGE:
		log_warn("%s: %llu damaged bytes at offset %llu (%s to %s; %llu rows lost)", g->file,
			 (unsigned long long)g->bytes, (unsigned long long)g->offset, from, to,
			 (unsigned long long)g->rows);
		ret->why = "damaged";
		break;
	case GAP_TORN:
		log_warn("%s: ends in the middle of a chunk (%llu bytes left out)", g->file,
			 (unsigned long long)g->bytes);
		return false;
	case GAP_MISSING:
		log_warn("%s: %llu rows are missing, %s to %s", g->file, (unsigned long long)g->rows, from,
			 to);
		ret->why = "rows are missing";
		break;
	case GAP_REPEATED:
		log_warn("%s: %llu rows stand there twice; left out", g->file,
			 (unsigned long long)g->rows);
		return false;
	case GAP_STOPPED:
		log_warn("no data from %s to %s: the recorder did not run", from, to);
		ret->why = "the recorder did not run";
		return true;
	}
	a->undecoded += g->rows ? g->rows : 1;
	a->lost += g->rows;
	return ret->why;
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
	sum->inexact += one.inexact;
}
