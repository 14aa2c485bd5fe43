// SPDX-License-Identifier: BSD-2-Clause
#include "api/earlier_recording.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/flow_table.h"
#include "record/recording.h"
#include "util/cgroup.h"
#include "util/xalloc.h"

#define NS_PER_US 1000
/* Whoever asks for a moment before a recorder was stopped must not be shown what came hours later. */
#define LATE_INTERVALS 10

struct earlier_recording {
	struct recording *recording;
	struct cgroup_names *cgroups;
	struct flow_table flows;
	struct ev_count *begun; /* by slot: what was counted when the interval began */
	int64_t wall_us;
	uint64_t interval_ns, from_ns, to_ns;
	bool is_done, is_found;
};

static struct recording *open_it(const char *path, const struct recording_config *config, char *why,
				 size_t why_size, int *ret_err)
{
	struct recording *r;

	*ret_err = recording_open(&r, path, config, why, why_size);
	return *ret_err ? NULL : r;
}

/* The window has to begin an interval earlier, and how long one is the file says. */
static struct recording *open_at(const char *path, int64_t wall_us, uint32_t flows_max, char *why,
				 size_t why_size, int *ret_err)
{
	struct recording_config config = {.from_wall_us = wall_us, .to_wall_us = RECORDING_NO_TO,
					  .flows_max = flows_max};
	struct recording *r = open_it(path, &config, why, why_size, ret_err);

	if (!r)
		return NULL;
	config.from_wall_us -= (int64_t)recording_meta(r)->interval_us;
	recording_close(r);
	return open_it(path, &config, why, why_size, ret_err);
}

int earlier_recording_open(struct earlier_recording **ret, const char *path, int64_t wall_us,
			uint32_t flows_max, char *why, size_t why_size)
{
	struct earlier_recording *p;
	struct recording *r;
	int err;

	r = open_at(path, wall_us, flows_max, why, why_size, &err);
	if (!r)
		return err;
	p = xcalloc(1, sizeof(*p));
	p->recording = r;
	p->wall_us = wall_us;
	p->cgroups = cgroup_names_new();
	cgroup_names_leave_host(p->cgroups);
	flow_table_init(&p->flows, flows_max);
	p->begun = reserve(((size_t)flows_max + 1) * sizeof(*p->begun));
	*ret = p;
	return 0;
}

void earlier_recording_close(struct earlier_recording *p)
{
	recording_close(p->recording);
	cgroup_names_free(p->cgroups);
	reserve_free(p->begun, ((size_t)p->flows.limit + 1) * sizeof(*p->begun));
	flow_table_done(&p->flows);
	free(p);
}

static void keep(struct earlier_recording *p, const struct event *ev)
{
	bool is_new, is_older = ev->head.flags & EV_BASELINE || ev->ident.seen == SEEN_ADOPTED;
	struct flow *f;

	if (ev->head.kind == EV_SAMPLE && !flow_table_find(&p->flows, ev->head.id))
		return;
	f = flow_table_add(&p->flows, ev->head.id, &is_new);
	if (!f)
		return;
	if (ev->head.flags & EV_HAS_IDENT)
		f->ident = ev->ident;
	f->count = ev->count;
	f->state = ev->head.state;
	f->closed = ev->head.kind == EV_CLOSE;
	f->end_reason = ev->head.end_reason & 15;
	if (is_new)
		p->begun[flow_table_slot(&p->flows, f)] =
			is_older && ev->head.kind == EV_OPEN ? ev->count : (struct ev_count){0};
}

/* What follows is counted from here on. */
static void begin_interval(struct earlier_recording *p, uint64_t time_ns)
{
	p->from_ns = time_ns;
	for (uint32_t slot = 0; slot < p->flows.used; slot++) {
		struct flow *f = &p->flows.flow[slot];

		if (f->closed && flow_table_find(&p->flows, f->id) == f)
			flow_table_remove(&p->flows, f);
		else
			p->begun[slot] = f->count;
	}
}

static void end_interval(struct earlier_recording *p, uint64_t time_ns)
{
	uint64_t interval_ns = recording_meta(p->recording)->interval_us * NS_PER_US;
	int64_t at_ns = (p->wall_us - recording_wall_offset_us(p->recording)) * NS_PER_US;

	if ((int64_t)time_ns < at_ns) {
		begin_interval(p, time_ns);
		return;
	}
	p->is_done = true;
	p->is_found = (int64_t)time_ns - at_ns <= (int64_t)(LATE_INTERVALS * interval_ns);
	p->to_ns = time_ns;
	if (!p->from_ns || time_ns - p->from_ns > LATE_INTERVALS * interval_ns)
		p->from_ns = time_ns - interval_ns;
}

static void take_name(struct earlier_recording *p)
{
	const struct record_name *name = recording_name(p->recording);

	if (name->kind == RECORD_NAME_CGROUP && name->text[0] == '/')
		cgroup_names_learn(p->cgroups, name->key, name->text);
}

bool earlier_recording_read(struct earlier_recording *p, unsigned items)
{
	struct event ev;
	int item = 1;

	while (!p->is_done && items-- && (item = recording_next(p->recording, &ev)) > 0) {
		if (item == RECORDING_NAME)
			take_name(p);
		else if (item == RECORDING_VANISHED)
			ev.head.kind = EV_CLOSE;
		else if (item != RECORDING_EVENT)
			continue;
		if (item != RECORDING_NAME && ev.head.kind == EV_TIME)
			end_interval(p, ev.time_ns);
		else if (item != RECORDING_NAME && ev.head.kind <= EV_CLOSE)
			keep(p, &ev);
	}
	p->is_done |= item <= 0;
	return !p->is_done;
}

bool earlier_recording_found(const struct earlier_recording *p, uint64_t *ret_from_ns,
			  uint64_t *ret_to_ns, int64_t *ret_offset_ns)
{
	*ret_from_ns = p->from_ns;
	*ret_to_ns = p->to_ns;
	*ret_offset_ns = recording_wall_offset_us(p->recording) * NS_PER_US;
	return p->is_found;
}

uint32_t earlier_recording_count(const struct earlier_recording *p)
{
	return p->is_found ? p->flows.used : 0;
}

static void take_away(struct ev_count *c, const struct ev_count *before)
{
	c->tx_bytes -= before->tx_bytes;
	c->rx_bytes -= before->rx_bytes;
	c->acked_bytes -= before->acked_bytes;
	c->retrans_bytes -= before->retrans_bytes;
	c->retrans_segs -= before->retrans_segs;
}

bool earlier_recording_get(const struct earlier_recording *p, uint32_t i, struct event *ret)
{
	const struct flow *f = &p->flows.flow[i];

	if (f->state == ST_LISTEN || flow_table_find(&p->flows, f->id) != f)
		return false;
	ret->head = (struct ev_head){.id = f->id,
				     .kind = f->closed ? EV_CLOSE : EV_SAMPLE,
				     .state = f->state,
				     .flags = EV_HAS_IDENT,
				     .end_reason = f->closed ? f->end_reason : END_NONE};
	ret->count = f->count;
	take_away(&ret->count, &p->begun[i]);
	ret->time_ns = p->to_ns;
	ret->ident = f->ident;
	return true;
}

struct cgroup_names *earlier_recording_cgroups(const struct earlier_recording *p)
{
	return p->cgroups;
}
