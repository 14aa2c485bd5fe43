// SPDX-License-Identifier: BSD-2-Clause
/* What was missed, read from the recording. */
#include <errno.h>
#include <string.h>

#include "consumer/otlp_batch.h"
#include "consumer/otlp_log.h"
#include "consumer/otlp_missed_state.h"
#include "engine/filter.h"
#include "engine/watch.h"
#include "engine/workload_of.h"
#include "record/recording.h"
#include "util/cgroup.h"
#include "util/log.h"

/* Windows of recordings are of the wall clock, which may have been moved a little meanwhile. */
#define WALL_MARGIN_US (60ll * US_PER_S)
#define ITEMS_PER_READ 4096

void otlp_missed_stop_reading(struct otlp_missed *m)
{
	if (m->recording)
		recording_close(m->recording);
	cgroup_names_free(m->names);
	m->recording = NULL;
	m->names = NULL;
	m->is_kept = false;
}

static int begin_reading(struct otlp_missed *m)
{
	const struct recording_config config = {
		.from_wall_us = m->place.wall_us - WALL_MARGIN_US,
		.to_wall_us = RECORDING_NO_TO,
		.edges_only = true,
		.follow = true,
		.flows_max = (uint32_t)m->source->watch->max_flows,
	};
	char why[256] = "";
	int err = recording_open(&m->recording, m->consumer->recording, &config, why, sizeof(why));

	if (err)
		log_error("otlp: what was missed cannot be read: %s",
			  why[0] ? why : strerror(-err));
	m->names = cgroup_names_new_at(NULL);
	m->resource = *m->here;
	m->maybe_then_us = m->maybe_us;
	m->dropped = 0;
	return err;
}

/* All of the recording is read; what is still owed is in none that can be. */
static void end_reading(struct otlp_missed *m)
{
	otlp_missed_stop_reading(m);
	m->lost += m->owed;
	m->owed = 0;
	m->state = TOLD;
	m->until_us = 0;
}

static uint64_t raw_us(const struct otlp_missed *m, const struct event *ev)
{
	return (uint64_t)((int64_t)(ev->time_ns / 1000) - recording_shift_us(m->recording));
}

static bool is_here(const struct otlp_missed *m)
{
	return !strcmp(recording_meta(m->recording)->boot, m->boot);
}

/* Has this one to be sent from here? */
static bool is_missed(const struct otlp_missed *m, const struct event *ev)
{
	const struct otlp_place *p = &m->place;
	uint64_t time_us = raw_us(m, ev);
	bool is_after;

	if (!strcmp(recording_meta(m->recording)->boot, p->boot))
		is_after = time_us >= p->time_us;
	else
		is_after = !otlp_missed_is_of_this_boot(m, p) &&
			   (int64_t)(ev->time_ns / 1000) + recording_wall_offset_us(m->recording) >=
				   p->wall_us;
	if (is_here(m) && m->until_us && time_us >= m->until_us)
		return false;
	return is_after && ev->ident.role != ROLE_LISTEN &&
	       filter_matches(m->consumer->filter, &ev->ident);
}

/* True if the batch is full; what is of another boot begins the next one. */
static bool put(struct otlp_missed *m, struct otlp_batch *batch)
{
	const struct record_meta *meta = recording_meta(m->recording);
	const struct otlp_record record = {
		.resource = &m->resource,
		.ev = &m->ev,
		.flow_id = m->ev.head.id,
		.unix_ns = (int64_t)m->ev.time_ns + recording_wall_offset_us(m->recording) * 1000,
		.workload = workload_of(m->names, &m->ev.ident),
		.is_repeated = otlp_missed_is_repeated(m, is_here(m), raw_us(m, &m->ev)),
	};

	m->is_kept = batch->records && strcmp(m->resource.boot, meta->boot);
	if (m->is_kept)
		return true;
	memcpy(m->resource.boot, meta->boot, sizeof(m->resource.boot));
	if (!record.is_repeated && m->owed)
		m->owed--;
	/* Times of another boot say nothing here. */
	return otlp_batch_put(batch, &record, is_here(m) ? raw_us(m, &m->ev) : 0, false);
}

/* True if the batch is full. */
static bool take_item(struct otlp_missed *m, int item, struct otlp_batch *batch)
{
	const struct record_name *name;

	if (item == RECORDING_NAME) {
		name = recording_name(m->recording);
		if (name->kind == RECORD_NAME_CGROUP && name->text[0] == '/')
			cgroup_names_learn(m->names, name->key, name->text);
	}
	if (item != RECORDING_EVENT)
		return false;
	return m->ev.head.kind == EV_CLOSE && is_missed(m, &m->ev) && put(m, batch);
}

/* Nothing more is written. */
static void reach_end(struct otlp_missed *m)
{
	if (m->state == BEHIND) {
		m->state = CATCHING_UP;
		m->until_us = otlp_missed_now_us();
		return;
	}
	if (!is_here(m) || recording_tick_us(m->recording) < m->until_us + DISORDER_US)
		return;
	log_warn("otlp: the collector has got what it missed");
	if (m->owed)
		log_warn("otlp: %llu records that the collector missed are not in the recording",
			 (unsigned long long)m->owed);
	end_reading(m);
}

enum otlp_missed_next otlp_missed_read(struct otlp_missed *m, struct otlp_batch *ret)
{
	bool is_full = false;
	int item = RECORDING_END;

	if (m->state == TOLD)
		return OTLP_MISSED_IDLE;
	if (!m->recording && begin_reading(m)) {
		m->is_broken = true;
		end_reading(m);
		return OTLP_MISSED_IDLE;
	}
	if (m->is_kept)
		is_full = put(m, ret);
	for (unsigned n = 0; n < ITEMS_PER_READ && !is_full; n++) {
		item = recording_next(m->recording, &m->ev);
		if (item <= 0)
			break;
		is_full = take_item(m, item, ret);
	}
	if (item < 0) {
		log_error("otlp: what was missed cannot be read: %s", recording_why(m->recording));
		m->is_broken = true;
		end_reading(m);
	} else if (item == RECORDING_END && !is_full) {
		reach_end(m);
	}
	if (ret->records)
		return OTLP_MISSED_BATCH;
	return item > 0 ? OTLP_MISSED_MORE : OTLP_MISSED_IDLE;
}
