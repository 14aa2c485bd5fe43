// SPDX-License-Identifier: BSD-2-Clause
/* What a row of a flow has besides what its event has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/reader_part.h"
#include "util/xalloc.h"

static struct fleet_name *find_name(const struct fleet_reader *r, uint64_t key)
{
	size_t at = (key * 0x9e3779b97f4a7c15ull >> 40) % (2 * FLEET_NAMES_MAX);

	while (r->name[at].text && r->name[at].key != key)
		at = (at + 1) % (2 * FLEET_NAMES_MAX);
	return &r->name[at];
}

void fleet_take_name(struct fleet_reader *r, const struct record_name *n)
{
	struct fleet_name *name = find_name(r, n->key);

	if (n->kind != RECORD_NAME_CGROUP || (!name->text && r->names == FLEET_NAMES_MAX))
		return;
	r->names += !name->text;
	free(name->text);
	name->key = n->key;
	name->text = xstrdup(n->text);
}

void fleet_set_time(struct fleet_row *row, int64_t us)
{
	us = us < 0 ? 0 : us;
	row->time_us = (uint64_t)us;
	row->time_s = (uint32_t)(us / US_PER_S);
	row->day = (uint16_t)(row->time_s / S_PER_DAY);
}

void fleet_set_flow(struct fleet_reader *r, const struct event *ev, struct fleet_row *row)
{
	const struct ev_ident *id = &ev->ident;
	const struct fleet_name *name = id->cgroup_id ? find_name(r, id->cgroup_id) : NULL;

	row->ev = *ev;
	if (!(ev->head.flags & EV_HAS_EXTRA))
		memset(&row->ev.extra, 0, sizeof(row->ev.extra));
	row->duration_us =
		id->open_ns && ev->time_ns > id->open_ns ? (ev->time_ns - id->open_ns) / 1000 : 0;
	row->established_us = id->established_ns && id->established_ns >= id->open_ns && id->open_ns
				      ? (uint32_t)((id->established_ns - id->open_ns) / 1000)
				      : UINT32_MAX;
	snprintf(row->cgroup, sizeof(row->cgroup), "%s", name && name->text ? name->text : "");
	row->verdict[0] = '\0';
	row->severity = 0;
}
