// SPDX-License-Identifier: BSD-2-Clause
/*
 * The counters of sockets, summed up under the keys of a view; used by views with `counters`. A
 * socket's readings are entered as they come, as the difference to its last one, so a socket that
 * closes leaves nothing behind but its sums.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/counter.h"
#include "engine/flow_table.h"
#include "engine/row.h"

struct filter;
struct group;
struct view;

/* The payload of a group. */
struct ledger_entry {
	struct ev_ident ident; /* of the socket that was entered last */
	uint64_t last_id;
	bool adopted; /* one of the sockets is older than we are */
	struct counters counters;
};

struct ledger {
	struct flow_table *flows;
	const struct filter *filter;
	struct view *view;
	int64_t (*told)[COUNTER_COUNT]; /* by slot of the flow table: what was entered already */
	struct ev_extra *extra;		/* by slot: the last reading; kept only if rows are sockets */
	int64_t host_then[COUNTER_COUNT], host_now[COUNTER_COUNT];
	bool has_host;
	struct counters scratch; /* of the row being shown */
};

void ledger_init(struct ledger *l, struct flow_table *flows, const struct filter *filter,
		 struct view *view);
void ledger_done(struct ledger *l);

/* Take one event with all its parts. */
void ledger_event(struct ledger *l, const struct event *ev);

/* The host's own counters, read now; the first call sets what they are measured from. */
void ledger_host(struct ledger *l, const int64_t value[COUNTER_COUNT]);

/* What a row of a group, of a socket, or of the host shows. */
void ledger_group_row(struct ledger *l, const struct group *g, struct row *row);
void ledger_flow_row(struct ledger *l, const struct flow *f, struct row *row);
void ledger_host_row(struct ledger *l, struct row *row);
