// SPDX-License-Identifier: BSD-2-Clause
/*
 * The store of a fleet (doc/fleet.md): what `tcpsight ship` sent to a ClickHouse server, as the
 * events of all hosts together. An interval is a minute. What the server can filter, it does; the
 * engine filters again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/clock.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/watch.h"
#include "engine/needs.h"
#include "fleet/ask.h"
#include "record/flows.h"
#include "source/fleet_id.h"
#include "util/cgroup.h"
#include "util/log.h"
#include "util/xalloc.h"

#define EVENTS_PER_DRAIN 256
#define MINUTE_S 60
#define CGROUP_BITS 40
#define CGROUPS_SEEN 8192
#define NS_PER_MINUTE 60000000000ull

struct state {
	struct fleet_server server;
	struct fleet_ask ask;
	struct fleet_ids ids;
	struct recorded_flows known; /* those that the engine knows */
	struct fleet_row *row;	     /* that waits for the end of an interval; NULL: none */
	enum fleet_table table;
	struct event first; /* before a flow's first reading: how it was before */
	bool has_first, is_over;
	uint64_t tick_ns; /* the next end of an interval */
	uint64_t opened, adopted, closed;
	struct cgroup_names *cgroups; /* NULL: nobody asks for their names */
	uint64_t cgroup_seen[CGROUPS_SEEN];
};

static bool fleet_suits(const struct watch *watch)
{
	return watch->fleet != NULL;
}

static int open_server(struct source *s, struct state *f)
{
	const struct watch *w = s->watch;
	char why[FLEET_WHY] = "";
	size_t at;

	if (fleet_server_parse(w->fleet, &f->server, &at, why)) {
		log_error("--fleet: %s", why);
		return -EINVAL;
	}
	f->server.cacert = w->cacert;
	if (w->credentials && fleet_server_take_credentials(&f->server, w->credentials, why)) {
		log_error("%s", why);
		return -EACCES;
	}
	if (fleet_server_is_open(&f->server)) {
		log_error(
			"--fleet: over http:// everybody on the way could read the password; use https://");
		return -EINVAL;
	}
	f->ask.http = fleet_http_open(&f->server, NULL);
	return f->ask.http ? 0 : -ENOMEM;
}

static void set_span(struct source *s, struct state *f)
{
	int64_t from_s = s->watch->from_us / 1000000, to_us = s->watch->to_us;
	int64_t to_s = to_us ? (to_us + 999999) / 1000000 : (int64_t)time(NULL);

	f->ask.from_s = from_s / MINUTE_S * MINUTE_S;
	f->ask.to_s = (to_s + MINUTE_S - 1) / MINUTE_S * MINUTE_S;
	f->tick_ns = (uint64_t)(f->ask.from_s + MINUTE_S) * 1000000000;
}

static void set_match(struct source *s, struct state *f)
{
	const struct question *q = s->only;

	if (!q)
		return;
	if (q->where)
		fleet_match_add(&f->ask.match, q->where);
	f->ask.match.pid = q->by_pid ? q->pid : 0;
	f->ask.match.lports = q->lports;
	f->ask.match.rports = q->rports;
}

static int say_failure(const struct state *f)
{
	log_error("%s: %s", f->server.host, f->ask.failed->why);
	return -EIO;
}

/* To whom an answer applies, before the answer. */
static int say_hosts(struct state *f)
{
	struct fleet_hosts hosts;
	char *text;

	if (fleet_ask_hosts(&f->ask, &hosts))
		return say_failure(f);
	text = fleet_hosts_text(&hosts, f->ask.from_s, f->ask.to_s);
	fprintf(stderr, "%s\n", text);
	free(text);
	fleet_hosts_done(&hosts);
	return 0;
}

static int fleet_source_open(struct source *s)
{
	struct state *f = xcalloc(1, sizeof(*f));
	int err;

	s->state = f;
	f->cgroups = s->cgroups;
	if (!s->watch->fleet) {
		log_error("--source fleet needs --fleet URL");
		return -EINVAL;
	}
	err = open_server(s, f);
	if (err)
		return err;
	set_span(s, f);
	set_match(s, f);
	f->ask.database = f->server.database;
	f->ask.extra = s->needs & (NEED_EXTRA | NEED_VERDICT);
	f->ask.closes_only = !s->live_table;
	recorded_flows_init(&f->known, (uint32_t)s->watch->max_flows);
	s->clock->realtime_offset_ns = 0;
	s->keep_syscalls = SYSCALLS_FETCH | SYSCALLS_FILES;
	s->interval_ns = NS_PER_MINUTE;
	if (fleet_ask_begin(&f->ask))
		return say_failure(f);
	return say_hosts(f);
}

static int fleet_start(struct source *s)
{
	const struct state *f = s->state;
	struct event begin = {.head.kind = EV_TIME,
			      .time_ns = (uint64_t)f->ask.from_s * 1000000000};

	s->emit(s->emit_context, &begin);
	return 0;
}

static int fleet_fd(const struct source *s)
{
	(void)s;
	return -1;
}

static bool has_extra(const struct event *ev)
{
	return ev->extra.known || ev->extra.mss || ev->extra.segs_out || ev->extra.segs_in;
}

/* Numbers of cgroups are those of their host: here each gets one of its own, below which its name
 * is known. */
static uint64_t learn_cgroup(struct state *f, const struct fleet_row *row)
{
	uint64_t host = fleet_id_host(row->ev.head.id);
	uint64_t id = host << CGROUP_BITS | (row->ev.ident.cgroup_id & ((1ull << CGROUP_BITS) - 1));
	uint64_t *seen = &f->cgroup_seen[(id * 0x9e3779b97f4a7c15ull >> 40) % CGROUPS_SEEN];

	if (f->cgroups && *seen != id)
		cgroup_names_learn(f->cgroups, id, row->cgroup);
	*seen = id;
	return id;
}

/* A row has times as people want them; an event has those that the engine reckons with. */
static void make_event(struct state *f, struct fleet_row *row, enum ev_kind kind)
{
	struct event *ev = &row->ev;
	uint64_t end_ns = row->time_us * 1000;

	ev->head.id = fleet_id(&f->ids, row->host, row->run, ev->head.id);
	ev->head.kind = (__u8)kind;
	ev->head.flags &= (__u8) ~(EV_HAS_EXTRA | EV_HAS_HANDSHAKE | EV_BASELINE);
	ev->head.flags |= EV_HAS_IDENT | (f->ask.extra && has_extra(ev) ? EV_HAS_EXTRA : 0);
	ev->ident.open_ns = row->duration_us ? end_ns - row->duration_us * 1000 : 0;
	ev->ident.established_ns = row->duration_us && row->established_us != UINT32_MAX
					   ? ev->ident.open_ns + row->established_us * 1000ull
					   : 0;
	ev->ident.cgroup_id = row->cgroup[0] ? learn_cgroup(f, row) : 0;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* How a flow was when its minute began. */
static void make_first(struct state *f, const struct fleet_row *row)
{
	struct ev_count *c = &f->first.count;

	f->first = row->ev;
	f->first.head.kind = EV_OPEN;
	f->first.head.flags |= EV_BASELINE;
	c->tx_bytes = less(c->tx_bytes, row->moved.tx_bytes);
	c->rx_bytes = less(c->rx_bytes, row->moved.rx_bytes);
	c->acked_bytes = less(c->acked_bytes, row->moved.acked_bytes);
	c->retrans_bytes = less(c->retrans_bytes, row->moved.retrans_bytes);
	c->retrans_segs = (uint32_t)less(c->retrans_segs, row->moved.retrans_segs);
	f->has_first = true;
}

/* A flow that is met for the first time has opened in the span, or was there before. */
static void count_flow(struct state *f, const struct event *ev)
{
	uint64_t from_ns = (uint64_t)f->ask.from_s * 1000000000;

	if (ev->ident.seen == SEEN_ADOPTED || (ev->ident.open_ns && ev->ident.open_ns < from_ns))
		f->adopted++;
	else
		f->opened++;
}

static void take_row(struct state *f, struct fleet_row *row)
{
	struct recorded_flow *known;

	make_event(f, row, f->table == FLEET_CLOSED ? EV_CLOSE : EV_SAMPLE);
	known = recorded_flows_find(&f->known, row->ev.head.id);
	if (f->table == FLEET_CLOSED) {
		if (known)
			recorded_flows_remove(&f->known, known);
		else
			count_flow(f, &row->ev);
		f->closed++;
		return;
	}
	if (known)
		return;
	recorded_flows_add(&f->known, row->ev.head.id);
	count_flow(f, &row->ev);
	make_first(f, row);
}

static void emit(struct source *s, struct event *ev)
{
	s->emit(s->emit_context, ev);
}

/* Emits one event. 1; 0 at the end; -EIO, logged. */
static int step(struct source *s, struct state *f)
{
	uint64_t end_ns = (uint64_t)f->ask.to_s * 1000000000;
	int found = 1;

	if (f->has_first && f->first.time_ns < f->tick_ns) {
		f->has_first = false;
		emit(s, &f->first);
		return 1;
	}
	if (f->row && f->row->ev.time_ns < f->tick_ns) {
		emit(s, &f->row->ev);
		f->row = NULL;
		return 1;
	}
	if (!f->row && !f->is_over) {
		found = fleet_ask_next(&f->ask, &f->row, &f->table);
		if (found < 0)
			return say_failure(f);
		if (f->ids.is_full) {
			log_error(
				"more than %u recordings of hosts in one answer; ask for a shorter span",
				FLEET_IDS_MAX);
			return -EOVERFLOW;
		}
		f->is_over = !found;
		if (found)
			take_row(f, f->row);
		return 1;
	}
	if (f->tick_ns > end_ns)
		return 0;
	emit(s, &(struct event){.head.kind = EV_TIME, .time_ns = f->tick_ns});
	f->tick_ns += NS_PER_MINUTE;
	return 1;
}

static int fleet_drain(struct source *s)
{
	struct state *f = s->state;
	int n = 0, result = 1;

	while (n < EVENTS_PER_DRAIN && (result = step(s, f)) > 0)
		n++;
	return result < 0 ? result : n;
}

static int fleet_sample(struct source *s)
{
	(void)s;
	return 0;
}

static void fleet_freeze(struct source *s)
{
	(void)s;
}

static void fleet_account(struct source *s, struct account *ret)
{
	const struct state *f = s->state;

	*ret = (struct account){.opened = f->opened,
				.adopted = f->adopted,
				.closed = f->closed,
				.live = f->opened + f->adopted - f->closed};
}

static unsigned fleet_host_of(const struct source *s, uint64_t id)
{
	(void)s;
	return fleet_id_host(id);
}

static const char *fleet_host_name(const struct source *s, unsigned host)
{
	const struct state *f = s->state;

	return fleet_ids_name(&f->ids, host);
}

static void fleet_source_close(struct source *s)
{
	struct state *f = s->state;

	if (!f)
		return;
	fleet_ask_end(&f->ask);
	fleet_http_close(f->ask.http);
	fleet_server_done(&f->server);
	explicit_bzero(&f->server, sizeof(f->server));
	fleet_ids_done(&f->ids);
	if (f->known.flow)
		recorded_flows_done(&f->known);
	free(f);
	s->state = NULL;
}

const struct source_ops source_fleet = {
	.name = "fleet",
	.summary = "what `tcpsight ship` sent to a ClickHouse server (--fleet URL)",
	.counters = true,
	.reads_files = true,
	.tells_ticks = true,
	.host_of = fleet_host_of,
	.host_name = fleet_host_name,
	.suits = fleet_suits,
	.open = fleet_source_open,
	.start = fleet_start,
	.fd = fleet_fd,
	.drain = fleet_drain,
	.sample = fleet_sample,
	.freeze = fleet_freeze,
	.account = fleet_account,
	.close = fleet_source_close,
};
