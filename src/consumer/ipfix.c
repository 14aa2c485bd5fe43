// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/ipfix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumer/exporter.h"
#include "engine/clock.h"
#include "engine/consumer.h"
#include "engine/counter.h"
#include "engine/engine.h"
#include "engine/needs.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/workload_of.h"
#include "push/ipfix.h"
#include "push/ipfix_encode.h"
#include "util/cgroup.h"
#include "util/xalloc.h"
#include "view/view.h"

/* A batch is handed over when it has so many records: the interval is a minute or so, which is too
 * long for one that has ended. */
#define BATCH_RECORDS 1000
#define NS_PER_MS 1000000
#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_RST 4
#define TCP_ACK 16

struct ipfix {
	struct exporter exporter;
	struct view *view;
	struct ipfix_settings settings;
	struct ipfix_flow *batch;
	uint32_t records;
	/* What the flow that ends moved since it was told of last. */
	struct ipfix_flow rest;
	uint64_t ticked_ns;    /* the last tick; 0: there was none */
	uint64_t full_ns;      /* the last tick before which a flow found no place in the table */
	uint64_t refused_then; /* of the flow table, at the last tick */
};

static uint64_t unix_ms(const struct ipfix *x, uint64_t time_ns)
{
	return (uint64_t)((int64_t)time_ns + x->exporter.source->clock->realtime_offset_ns) /
	       NS_PER_MS;
}

static void send_batch(struct consumer *c)
{
	struct ipfix *x = c->state;
	struct ipfix_flow *batch = x->batch;
	uint32_t records = x->records;

	if (!records)
		return;
	x->batch = xcalloc(BATCH_RECORDS, sizeof(*x->batch));
	x->records = 0;
	exporter_send(&x->exporter,
		      &(struct push_job){.records = records, .bytes = records * sizeof(*batch)},
		      batch);
}

static void put(struct consumer *c, const struct ipfix_flow *flow)
{
	struct ipfix *x = c->state;

	if (!x->records)
		exporter_batch_begins(&x->exporter);
	x->batch[x->records++] = *flow;
	if (x->records == BATCH_RECORDS)
		send_batch(c);
}

/* The source of a biflow is who opened the connection; if that is not known, this host. */
static void set_ends(struct ipfix_flow *f, const struct ev_ident *id)
{
	bool is_source = id->role != ROLE_ACCEPT;
	const struct addr *source = is_source ? &id->laddr : &id->raddr;
	const struct addr *destination = is_source ? &id->raddr : &id->laddr;

	memcpy(f->source, source, sizeof(f->source));
	memcpy(f->destination, destination, sizeof(f->destination));
	f->source_port = is_source ? id->lport : id->rport;
	f->destination_port = is_source ? id->rport : id->lport;
	f->is_v6 = !addr_is_v4(&id->laddr);
	f->direction = id->role == ROLE_UNKNOWN ? IPFIX_ARBITRARY : IPFIX_INITIATOR;
}

static void set_owner(struct ipfix *x, struct ipfix_flow *f, const struct ev_ident *id)
{
	const struct workload *w = &workload_of(x->view->context.cgroups, id)->workload;

	f->netns = id->netns;
	f->pid = id->owner_source ? id->pid : 0;
	if (id->owner_source)
		memcpy(f->comm, id->comm, sizeof(f->comm));
	snprintf(f->container, sizeof(f->container), "%.*s", IPFIX_NAME_MAX - 1, w->container);
	snprintf(f->unit, sizeof(f->unit), "%.*s", IPFIX_NAME_MAX - 1, w->unit);
}

/* What moved, seen from the source. Packets are known from the second reading on. */
static void set_amounts(struct ipfix_flow *f, const struct ev_ident *id,
			const struct ev_count *count, uint64_t packets_out, uint64_t packets_in)
{
	bool is_source = id->role != ROLE_ACCEPT;

	f->octets = is_source ? count->tx_bytes : count->rx_bytes;
	f->reverse_octets = is_source ? count->rx_bytes : count->tx_bytes;
	f->packets = is_source ? packets_out : packets_in;
	f->reverse_packets = is_source ? packets_in : packets_out;
	*(is_source ? &f->retransmitted : &f->reverse_retransmitted) = count->retrans_segs;
	f->rtt_ms = count->srtt_us / 1000;
}

static struct ipfix_flow flow_of(struct ipfix *x, const struct ev_ident *id, uint64_t flow_id)
{
	struct ipfix_flow f = {.id = flow_id};

	set_ends(&f, id);
	set_owner(x, &f, id);
	return f;
}

/* Flags that the segments must have had. */
static uint8_t flags_of(const struct ev_ident *id, uint8_t end_reason)
{
	uint8_t flags = id->seen == SEEN_OPEN ? TCP_SYN : 0;

	if (id->established_ns)
		flags |= TCP_ACK;
	if (end_reason == END_FIN)
		flags |= TCP_FIN;
	if (end_reason == END_RESET_SENT || end_reason == END_RESET_RECEIVED ||
	    end_reason == END_REFUSED)
		flags |= TCP_RST;
	return flags;
}

static uint64_t moved(const struct news *n, enum counter_id id)
{
	int64_t delta = n->now ? n->now[id] - (n->then ? n->then[id] : 0) : 0;

	return delta > 0 ? (uint64_t)delta : 0;
}

/* Was an interval of it told? Without counters, one in which it moved something. */
static bool was_told(const struct news *n)
{
	const struct ev_count *all = &n->flow->count;

	return n->count.tx_bytes != all->tx_bytes || n->count.rx_bytes != all->rx_bytes ||
	       (n->then && (n->then[COUNTER_active_opens] || n->then[COUNTER_passive_opens]));
}

/* From when on it moved what is told: the end of the interval that was told before. */
static uint64_t start_ns(const struct consumer *c, const struct news *news)
{
	const struct ipfix *x = c->state;
	const struct ev_ident *id = &news->flow->ident;

	if (id->seen == SEEN_OPEN && !was_told(news))
		return id->open_ns;
	return x->ticked_ns ? x->ticked_ns : c->engine->begun_ns;
}

/*
 * Why there is no more of it. One that lived at a tick and is not in the table had found it full:
 * its intervals were not told, all is in this record. One whose end was lost has nothing but what
 * was read before.
 */
static uint8_t end_of(const struct consumer *c, const struct news *news)
{
	const struct ipfix *x = c->state;
	const struct flow_table *t = &c->engine->flows;
	const struct ev_ident *id = &news->flow->ident;
	bool is_kept = flow_table_slot(t, news->flow) != t->limit;

	if (news->close->head.end_reason == END_UNKNOWN)
		return IPFIX_LACK_OF_RESOURCES;
	if (is_kept || !(id->seen == SEEN_OPEN ? id->open_ns < x->full_ns : t->refused))
		return IPFIX_END_DETECTED;
	return IPFIX_LACK_OF_RESOURCES;
}

static void on_interval(struct consumer *c, const struct news *news)
{
	struct ipfix *x = c->state;
	const struct flow *flow = news->flow;
	struct ipfix_flow f = flow_of(x, &flow->ident, flow->id);

	set_amounts(&f, &flow->ident, &news->count, moved(news, COUNTER_out_segs),
		    moved(news, COUNTER_in_segs));
	f.start_ms = unix_ms(x, start_ns(c, news));
	if (news->close) {
		/* on_closed() follows at once. */
		f.end = end_of(c, news);
		x->rest = f;
		return;
	}
	f.end = IPFIX_ACTIVE_TIMEOUT;
	f.end_ms = unix_ms(x, c->engine->now_ns);
	f.flags = flags_of(&flow->ident, END_NONE);
	put(c, &f);
}

static void on_closed(struct consumer *c, const struct event *ev)
{
	struct ipfix *x = c->state;
	struct ipfix_flow f = x->rest;

	set_owner(x, &f, &ev->ident);
	f.end_ms = unix_ms(x, ev->time_ns);
	f.flags = flags_of(&ev->ident, ev->head.end_reason);
	put(c, &f);
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	struct ipfix *x = c->state;
	uint64_t refused = c->engine->flows.refused;

	if (refused != x->refused_then)
		x->full_ns = time_ns;
	x->refused_then = refused;
	x->ticked_ns = time_ns;
	exporter_tick(c, time_ns);
}

static int on_start(struct consumer *c, struct source *source, uid_t uid, gid_t gid)
{
	struct ipfix *x = c->state;

	return exporter_start(c, source, ipfix_work, &x->settings, &x->settings.to.tls, uid, gid);
}

static int on_check(struct consumer *c)
{
	const struct ipfix *x = c->state;
	int err = exporter_check(c, x->exporter.options);

	return ipfix_can_send(&x->settings) ? err : -ENOENT;
}

static void on_free(struct consumer *c)
{
	struct ipfix *x = c->state;

	exporter_free(&x->exporter);
	free(x->batch);
	free(x);
}

static const struct consumer_ops ops = {
	.name = "ipfix",
	.interval = on_interval,
	.closed = on_closed,
	.tick = on_tick,
	.start = on_start,
	.check = on_check,
	.run = exporter_run,
	.end = exporter_end,
	.overflow = exporter_overflow,
	.exports = exporter_account,
	.free = on_free,
};

static int refuse(struct usage_error *error, const char *text, size_t at, const char *why)
{
	error->argument = text;
	error->at = at;
	snprintf(error->text, sizeof(error->text), "argument --collector: %s", why);
	return -EINVAL;
}

/* "tcp:HOST:PORT", "udp:[2001:db8::1]:4739". */
static int take_collector(struct transport_settings *to, const char *text,
			  struct usage_error *error)
{
	static const char *const kinds[] = {"udp:", "tcp:", "tls:"};
	const char *host = NULL, *port;
	size_t len;

	for (unsigned k = 0; k < 3; k++)
		if (!strncmp(text, kinds[k], 4)) {
			to->kind = (enum transport_kind)k;
			host = text + 4;
		}
	if (!host)
		return refuse(error, text, 0, "expected udp:, tcp: or tls: before HOST:PORT");
	port = strrchr(host, ':');
	if (!port)
		return refuse(error, text, strlen(text), "the port is missing, such as :4739");
	len = (size_t)(port - host);
	if (host[0] == '[' && len > 1 && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (!len || len >= sizeof(to->host))
		return refuse(error, text, 4, "the host is missing");
	port++;
	if (!port[0] || strspn(port, "0123456789") != strlen(port) || strlen(port) > 5 ||
	    atoi(port) < 1 || atoi(port) > 65535)
		return refuse(error, text, (size_t)(port - text),
			      "expected a port from 1 to 65535");
	snprintf(to->host, sizeof(to->host), "%.*s", (int)len, host);
	snprintf(to->port, sizeof(to->port), "%s", port);
	return 0;
}

int ipfix_wrap(struct consumer *c, struct view *view, struct usage_error *error)
{
	struct ipfix *x = xcalloc(1, sizeof(*x));
	const struct ipfix_options *o = c->question->own;

	exporter_init(&x->exporter, &o->exporter, send_batch);
	x->view = view;
	c->state = x;
	c->ops = &ops;
	if (take_collector(&x->settings.to, o->collector, error))
		return -EINVAL;
	x->settings.to.timeout_s = (unsigned)o->exporter.timeout_s;
	x->settings.domain = (uint32_t)o->domain;
	x->settings.pen = (uint32_t)o->pen;
	x->settings.give_up_s = (unsigned)o->exporter.give_up_s;
	x->batch = xcalloc(BATCH_RECORDS, sizeof(*x->batch));
	c->wants = WANT_CLOSED | WANT_INTERVALS | WANT_COUNTERS;
	c->needs |= NEED_OWNER | NEED_CGROUPS | NEED_EXTRA;
	c->keep_syscalls |= SYSCALLS_PUSH | SYSCALLS_FILES;
	return 0;
}
