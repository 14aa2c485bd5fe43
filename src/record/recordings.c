// SPDX-License-Identifier: BSD-2-Clause
#include "record/recordings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/recording_state.h"
#include "util/xalloc.h"


/* One recording and the item that comes next from it. */
struct member {
	struct recording *r;
	struct event ev;
	int item; /* enum recording_item, or -errno */
	int64_t wall_us;
	bool is_ahead; /* `item` was read and not given out yet */
};

struct recordings {
	struct member member[RECORDINGS_MAX];
	unsigned count;
};

/* Two files of one run are one recording, not two hosts. */
static int refuse_same_run(const struct recordings *s, unsigned i, const char *const *path, char *why,
			   size_t why_size)
{
	const char *run = s->member[i].r->meta.run;

	for (unsigned k = 0; k < i; k++)
		if (run[0] && !strcmp(run, s->member[k].r->meta.run)) {
			snprintf(why, why_size,
				 "%s and %s are of one run; give the directory that they are in, or one of them",
				 path[k], path[i]);
			return -EEXIST;
		}
	return 0;
}

/* The one that began first: by it no time of the others is before 0. */
static void share_clock(struct recordings *s)
{
	int64_t first = INT64_MAX;

	for (unsigned i = 0; i < s->count; i++)
		if (s->member[i].r->meta.wall_offset_us < first)
			first = s->member[i].r->meta.wall_offset_us;
	for (unsigned i = 0; i < s->count; i++)
		recording_set_base(s->member[i].r, first);
}

int recordings_open(struct recordings **ret, const char *const *path, unsigned count,
		    const struct recording_config *config, char *why, size_t why_size)
{
	struct recordings *s = xcalloc(1, sizeof(*s));
	char reason[256];
	int err = count > RECORDINGS_MAX ? -E2BIG : 0;

	if (err)
		snprintf(why, why_size, "more than %u recordings", RECORDINGS_MAX);
	for (unsigned i = 0; i < count && !err; i++) {
		err = recording_open(&s->member[i].r, path[i], config, reason, sizeof(reason));
		if (err) {
			snprintf(why, why_size, "%s: %s", path[i], reason);
			break;
		}
		s->count++;
		err = refuse_same_run(s, i, path, why, why_size);
	}
	if (err) {
		recordings_close(s);
		return err;
	}
	share_clock(s);
	*ret = s;
	return 0;
}

void recordings_close(struct recordings *s)
{
	for (unsigned i = 0; i < s->count; i++)
		recording_close(s->member[i].r);
	free(s);
}

/* When it was; what has no time of its own belongs to the interval that is read. */
static int64_t wall_of(const struct member *m)
{
	const struct recording *r = m->r;
	bool has_time = m->item == RECORDING_EVENT &&
			(m->ev.head.kind == EV_TIME || m->ev.head.kind == EV_CLOSE ||
			 m->ev.head.kind == EV_HANDSHAKE || m->ev.head.kind == EV_RESET);

	return has_time ? (int64_t)(m->ev.time_ns / 1000) + r->base_offset_us
			: recording_wall_us(r, r->chunk.time_us);
}

static void read_ahead(struct member *m)
{
	int64_t wall_us;

	if (m->is_ahead)
		return;
	m->item = recording_next(m->r, &m->ev);
	m->is_ahead = true;
	wall_us = wall_of(m);
	/* Each keeps its own order, also where a row came late. */
	if (wall_us > m->wall_us)
		m->wall_us = wall_us;
}

int recordings_next(struct recordings *s, struct event *ev, unsigned *ret_host)
{
	struct member *first = NULL;

	if (s->count == 1) {
		*ret_host = 0;
		return recording_next(s->member[0].r, ev);
	}
	for (unsigned i = 0; i < s->count; i++) {
		struct member *m = &s->member[i];

		read_ahead(m);
		if (m->item == RECORDING_END) {
			/* Of one that is followed there may be more the next time. */
			m->is_ahead = false;
			continue;
		}
		if (!first || m->wall_us < first->wall_us)
			first = m;
	}
	if (!first)
		return RECORDING_END;
	*ret_host = (unsigned)(first - s->member);
	first->is_ahead = false;
	*ev = first->ev;
	ev->head.id ^= (uint64_t)*ret_host << EV_ID_HOST_SHIFT;
	if (ev->ident.cgroup_id)
		ev->ident.cgroup_id = recordings_cgroup(*ret_host, ev->ident.cgroup_id);
	return first->item;
}

uint64_t recordings_cgroup(unsigned host, uint64_t cgroup_id)
{
	return cgroup_id ^ (uint64_t)host << EV_CGROUP_HOST_SHIFT;
}

unsigned recordings_count(const struct recordings *s)
{
	return s->count;
}

struct recording *recordings_get(const struct recordings *s, unsigned host)
{
	return s->member[host].r;
}
