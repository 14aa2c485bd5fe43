// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/recorder_host.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/account.h"
#include "engine/counter.h"
#include "engine/engine.h"
#include "engine/needs.h"
#include "engine/source.h"
#include "record/record.h"

void recorder_host_open(struct recorder_host *h, const struct consumer *c, struct source *s,
			bool is_left_out)
{
	h->is_recorded = !is_left_out && s->ops->host && !(c->lacks & NEED_HOST);
	h->load = is_left_out || s->offline ? -1 : open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	if (h->is_recorded && s->ops->host_reading)
		s->ops->host_reading(s, 0, &h->reading);
}

void recorder_host_close(struct recorder_host *h)
{
	if (h->load >= 0)
		close(h->load);
}

static void put_counters(struct record *record, const struct consumer *c)
{
	const struct engine *e = c->engine;

	for (int i = 0; i < COUNTER_COUNT && e->has_host; i++) {
		int64_t grew = e->host_now[i] - c->pace->host_then[i];

		if (counters[i].kind == HOST && grew)
			record_host(record, counters[i].name, grew);
	}
}

/* What verdicts on the host are made of; what is a counter, too, was put as such. */
static void put_reading(struct recorder_host *h, struct record *record, struct source *s)
{
	struct host_reading now;

	if (!s->ops->host_reading)
		return;
	s->ops->host_reading(s, 0, &now);
	for (unsigned i = 0; i < HOST_FIGURES; i++) {
		int64_t value = *host_figure_at(&now, i), last = *host_figure_at(&h->reading, i);

		if (i < HOST_GROWING && value > last)
			record_host(record, host_figure_name(i), value - last);
		else if (i >= HOST_GROWING && value >= 0 && (value != last || !h->levels_are_told))
			record_host(record, host_figure_name(i), value);
	}
	h->reading = now;
}

/* Three numbers with two decimals; told when they change. */
static bool read_load(int fd, uint32_t ret[3])
{
	unsigned whole[3], part[3];
	char text[64];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%u.%2u %u.%2u %u.%2u", &whole[0], &part[0], &whole[1], &part[1], &whole[2],
		   &part[2]) != 6)
		return false;
	for (int i = 0; i < 3; i++)
		ret[i] = whole[i] * 100 + part[i];
	return true;
}

static void put_load(struct recorder_host *h, struct record *record, const struct source *s)
{
	static const char *const names[] = {"load1", "load5", "load15"};
	uint32_t load[3];
	bool known = h->load >= 0 ? read_load(h->load, load) : s->ops->load && s->ops->load(s, load);

	for (int i = 0; known && i < 3; i++) {
		if (load[i] != h->load_told[i] || !h->levels_are_told)
			record_host(record, names[i], load[i]);
		h->load_told[i] = load[i];
	}
}

void recorder_host_put(struct recorder_host *h, struct record *record, const struct consumer *c,
		       struct source *s)
{
	if (!h->is_recorded)
		return;
	put_counters(record, c);
	put_reading(h, record, s);
	put_load(h, record, s);
	h->levels_are_told = true;
}

struct record_loss recorder_loss(const struct account *a, uint64_t time_ns)
{
	return (struct record_loss){
		.time_ns = time_ns,
		.opened = a->opened,
		.adopted = a->adopted,
		.closed = a->closed,
		.live = a->live,
		.lost = a->lost,
		.lost_tx_bytes = a->lost_tx_bytes,
		.lost_rx_bytes = a->lost_rx_bytes,
		.missed = a->missed,
		.table_full = a->table_full,
		.undecoded = a->undecoded,
		.received = a->received,
		.dropped = a->dropped,
		.interface_dropped = a->interface_dropped,
		.first_ns = a->first_ns,
		.last_ns = a->last_ns,
		.undecoded_why = a->undecoded_why,
		.ignored = a->ignored,
		.stray = a->stray,
		.inexact = a->inexact,
	};
}

void recorder_losses(struct record *record, const struct consumer *c, struct source *s,
		     uint64_t time_ns)
{
	struct account a = {0};
	struct record_loss loss;

	if (s->offline || !s->ops->losses)
		return;
	s->ops->losses(s, &a);
	a.table_full += c->engine->flows.refused;
	/* How many flows there were is counted by whoever reads them, and told at the end. */
	a.opened = a.adopted = a.closed = a.live = 0;
	loss = recorder_loss(&a, time_ns);
	record_account(record, &loss);
}
