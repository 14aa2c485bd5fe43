// SPDX-License-Identifier: BSD-2-Clause
#include "engine/ledger.h"

#include <string.h>

#include "engine/filter.h"
#include "engine/group.h"
#include "engine/view.h"
#include "util/xalloc.h"

void ledger_init(struct ledger *l, struct flow_table *flows, const struct filter *filter,
		 struct view *view)
{
	*l = (struct ledger){.flows = flows, .filter = filter, .view = view};
	if (view->sockets)
		l->extra = reserve(flows->limit * sizeof(*l->extra));
	else
		l->told = reserve(flows->limit * sizeof(*l->told));
}

void ledger_done(struct ledger *l)
{
	if (l->extra)
		reserve_free(l->extra, l->flows->limit * sizeof(*l->extra));
	if (l->told)
		reserve_free(l->told, l->flows->limit * sizeof(*l->told));
}

/* The entry of a socket's first key, which is the only one that a view with counters gives. */
static struct ledger_entry *entry_of(struct ledger *l, const struct ev_ident *ident,
				     uint32_t *verdict, struct group **ret)
{
	struct view *view = l->view;
	struct group_key key[VIEW_KEYS_MAX];

	if (!view->keys(view, ident, verdict, key))
		return NULL;
	*ret = group_table_add(&view->groups, key);
	return *ret ? group_payload(&view->groups, *ret) : NULL;
}

static void enter(struct ledger *l, struct flow *f, const struct event *ev, int64_t *now)
{
	int64_t *told = l->told[f - l->flows->flow];
	struct ledger_entry *entry;
	struct group *group;

	/* It opened before we came, whichever side it turns out to be. */
	if (f->ident.seen == SEEN_ADOPTED) {
		told[COUNTER_active_opens] = now[COUNTER_active_opens];
		told[COUNTER_passive_opens] = now[COUNTER_passive_opens];
	}
	if (!counter_grew(now, told))
		return;
	entry = entry_of(l, &f->ident, &f->verdict, &group);
	if (!entry)
		return;
	if (entry->last_id != f->id)
		group->flows++;
	group->count.tx_bytes += (uint64_t)(now[COUNTER_bytes_sent] - told[COUNTER_bytes_sent]);
	group->count.rx_bytes +=
		(uint64_t)(now[COUNTER_bytes_received] - told[COUNTER_bytes_received]);
	counter_add(&entry->counters, now, told, entry->last_id == f->id || !entry->last_id);
	memcpy(entry->counters.congestion, ev->extra.congestion, sizeof(ev->extra.congestion));
	entry->ident = f->ident;
	entry->last_id = f->id;
	entry->adopted |= f->ident.seen == SEEN_ADOPTED;
	memcpy(told, now, sizeof(l->told[0]));
}

static void take_reset(struct ledger *l, const struct event *ev)
{
	struct ledger_entry *entry;
	struct group *group;
	uint32_t verdict = 0;

	/* Its row was printed already, with this reset. */
	if (l->view->per_close && ev->head.state == ST_CLOSE)
		return;
	if (l->view->sockets || !filter_matches(l->filter, &ev->ident))
		return;
	entry = entry_of(l, &ev->ident, &verdict, &group);
	if (!entry)
		return;
	entry->counters.value[COUNTER_out_rsts]++;
	/* No socket counted it, or the socket had told its last word already. */
	if (!ev->head.id || ev->head.state == ST_CLOSE) {
		entry->counters.value[COUNTER_out_segs]++;
		entry->counters.value[COUNTER_out_requests]++;
	}
	/* Neither was the packet counted that it answers. */
	if (!ev->head.id) {
		entry->counters.value[COUNTER_in_segs]++;
		entry->counters.value[COUNTER_in_receives]++;
	}
	if (!entry->last_id)
		entry->ident = ev->ident;
}

static void take_close(struct ledger *l, struct flow *f, const struct event *ev)
{
	f->closed = true;
	f->closed_ns = ev->time_ns;
	f->error = ev->head.error;
	f->end_reason = ev->head.end_reason;
	if (l->view->per_close && f->wanted && ev->head.state != ST_LISTEN)
		view_group_closed(l->view, &f->ident, ev->time_ns);
	if (l->told)
		memset(l->told[f - l->flows->flow], 0, sizeof(l->told[0]));
	flow_table_remove(l->flows, f);
}

static void note(struct ledger *l, struct flow *f, const struct event *ev)
{
	f->state = ev->head.state;
	f->count = ev->count;
	if (ev->head.flags & EV_HAS_IDENT) {
		f->ident = ev->ident;
		f->has_ident = true;
		f->verdict = 0;
		f->wanted = filter_matches(l->filter, &f->ident);
	}
	if (l->extra)
		l->extra[f - l->flows->flow] = ev->extra;
}

void ledger_event(struct ledger *l, const struct event *ev)
{
	int64_t now[COUNTER_COUNT];
	struct flow *f;

	if (ev->head.kind == EV_RESET) {
		take_reset(l, ev);
		return;
	}
	f = flow_table_add(l->flows, ev->head.id);
	if (!f)
		return;
	note(l, f, ev);
	if (l->told) {
		counter_read(ev, ev->head.kind == EV_CLOSE, now);
		/* close() sends its reset after the socket has told its last word. */
		if (l->view->per_close && ev->head.end_reason == END_RESET_SENT) {
			now[COUNTER_out_rsts]++;
			now[COUNTER_out_segs]++;
		}
		/* What an adopted socket did before we came belongs to no report. */
		if (ev->head.flags & EV_BASELINE)
			memcpy(l->told[f - l->flows->flow], now, sizeof(now));
		else if (f->wanted)
			enter(l, f, ev, now);
	}
	if (ev->head.kind == EV_CLOSE)
		take_close(l, f, ev);
}

void ledger_host(struct ledger *l, const int64_t value[COUNTER_COUNT])
{
	if (!l->has_host)
		memcpy(l->host_then, value, sizeof(l->host_then));
	l->has_host = true;
	memcpy(l->host_now, value, sizeof(l->host_now));
}

/* Counters that are shown, and that sockets (or the host) have. */
static uint64_t known(const struct view *view, bool host)
{
	uint64_t mask = 0;

	for (int i = 0; i < COUNTER_COUNT; i++)
		if ((counters[i].kind == HOST) == host && !(counters[i].needs & view->lacks))
			mask |= 1ull << i;
	return mask;
}

void ledger_group_row(struct ledger *l, const struct group *g, struct row *row)
{
	struct ledger_entry *entry = group_payload(&l->view->groups, g);

	entry->counters.known = known(l->view, false);
	row->counters = &entry->counters;
	row->ident = &entry->ident;
	row->key = &g->key;
}

void ledger_flow_row(struct ledger *l, const struct flow *f, struct row *row)
{
	struct event ev = {.count = f->count, .ident = f->ident};

	ev.head.state = f->state;
	ev.extra = l->extra[f - l->flows->flow];
	row->extra = &l->extra[f - l->flows->flow];
	counter_read(&ev, false, l->scratch.value);
	memcpy(l->scratch.congestion, ev.extra.congestion, sizeof(l->scratch.congestion));
	l->scratch.known = known(l->view, false);
	row->counters = &l->scratch;
}

void ledger_host_row(struct ledger *l, struct row *row)
{
	for (int i = 0; i < COUNTER_COUNT; i++)
		l->scratch.value[i] = l->host_now[i] - l->host_then[i];
	memcpy(l->host_then, l->host_now, sizeof(l->host_then));
	l->scratch.known = known(l->view, true);
	row->counters = &l->scratch;
	row->group = "host";
}
