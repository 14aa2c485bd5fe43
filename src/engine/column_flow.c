// SPDX-License-Identifier: BSD-2-Clause
#include "engine/column_flow.h"

#include <stdio.h>

#include "engine/remote_class.h"

#define US_PER_S 1000000u

struct value column_id(const struct row *r)
{
	static _Thread_local char text[32];

	if (!r->id)
		return value_none();
	snprintf(text, sizeof(text), "%llu.%llu",
		 (unsigned long long)(r->id & ((1ull << EV_ID_COOKIE_BITS) - 1)),
		 (unsigned long long)(r->id >> EV_ID_COOKIE_BITS));
	return value_text(text);
}

struct value column_remote_class(const struct row *r)
{
	const struct ev_ident *id = row_part(r, SHARE_RADDR);

	return id ? value_text(remote_class_name(remote_class_of(&id->raddr))) : value_none();
}

/* What moved in the interval: the row's own count, unless that is of the flow's life. */
static struct value rate(const struct row *r, uint64_t of_row, uint64_t moved)
{
	const struct row_context *c = r->context;
	uint64_t bytes = c->interval ? of_row : moved;

	if (!c->interval_us || (!c->interval && !r->moved))
		return value_none();
	return value_uint((uint64_t)((double)bytes * US_PER_S / (double)c->interval_us + 0.5));
}

struct value column_tx_rate(const struct row *r)
{
	return rate(r, r->count.tx_bytes, r->moved ? r->moved->tx_bytes : 0);
}

struct value column_rx_rate(const struct row *r)
{
	return rate(r, r->count.rx_bytes, r->moved ? r->moved->rx_bytes : 0);
}
