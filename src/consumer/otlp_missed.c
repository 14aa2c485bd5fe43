// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/otlp_missed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "consumer/otlp_batch.h"
#include "consumer/otlp_log.h"
#include "consumer/otlp_place.h"
#include "engine/clock.h"
#include "engine/consumer.h"
#include "engine/filter.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/watch.h"
#include "engine/workload_of.h"
#include "push/otlp.h"
#include "record/recording.h"
#include "util/cgroup.h"
#include "util/first_line.h"
#include "util/log.h"
#include "util/xalloc.h"

#define US_PER_S 1000000
/* Connections are told of almost in the order of their ends; what is later than this is none. */
#define DISORDER_US US_PER_S
/* Windows of recordings are of the wall clock, which may have been moved a little meanwhile. */
#define WALL_MARGIN_US (60ll * US_PER_S)
#define ITEMS_PER_READ 4096

enum state { TOLD, BEHIND, CATCHING_UP };

struct otlp_missed {
	const struct consumer *consumer;
	const struct source *source;
	const struct otlp_resource *here;
	int dir_fd;
	char name[OTLP_PLACE_NAME_MAX], boot[OTLP_PLACE_BOOT_SIZE];
	enum state state;
	bool has_begun;
	bool is_broken;		  /* it cannot be read: what is missed is lost */
	bool is_not_kept;	  /* how far it got cannot be written */
	struct otlp_place place;  /* from here on, unless all is TOLD */
	struct otlp_place before; /* as the run before left it */
	uint64_t begun_us;	  /* of this run */
	uint64_t until_us;	  /* CATCHING_UP: what ends from then on is not read */
	uint64_t told_us;	  /* the latest that was told of */
	int64_t offset_us;	  /* to the wall clock, the least that there was */
	uint64_t maybe_us;	  /* of this run: what ended until then may have been sent */
	uint64_t maybe_then_us;	  /* when the reading began */
	uint64_t owed, lost;
	uint64_t saved_us;
	uint32_t pass; /* counts how often the reading began, from 1 */
	/* Of the reading. */
	struct recording *recording; /* NULL: not begun */
	struct cgroup_names *names;
	struct otlp_resource resource;
	struct event ev;
	bool is_kept; /* `ev` is still to be put into a batch */
};

static uint64_t now_us(void)
{
	return clock_now_ns() / 1000;
}

static void stop_reading(struct otlp_missed *m)
{
	if (m->recording)
		recording_close(m->recording);
	cgroup_names_free(m->names);
	m->recording = NULL;
	m->names = NULL;
	m->is_kept = false;
}

/* What the run before says that it did not send; unless it ended by itself, that is not sure. */
static void take_before(struct otlp_missed *m)
{
	struct otlp_place *p = &m->place;

	if (!m->before.boot[0] || m->before.is_done)
		return;
	*p = m->before;
	if (!p->is_exact) {
		p->time_us -= p->time_us < DISORDER_US ? p->time_us : DISORDER_US;
		p->wall_us -= DISORDER_US;
	}
	m->owed = p->is_exact ? p->owed : 0;
	if (!strcmp(p->boot, m->boot))
		m->maybe_us = p->maybe_us;
	m->state = CATCHING_UP;
	m->until_us = m->begun_us;
	m->pass = 1;
}

static void look_at_clock(struct otlp_missed *m)
{
	int64_t offset_us = m->source->clock->realtime_offset_ns / 1000;

	if (offset_us < m->offset_us)
		m->offset_us = offset_us;
}

struct otlp_missed *otlp_missed_open(const struct consumer *c, const struct source *source,
				     const struct otlp_resource *here, const char *endpoint)
{
	struct otlp_missed *m = xcalloc(1, sizeof(*m));
	const char *filter = c->question->where;
	int err = 0;

	m->consumer = c;
	m->source = source;
	m->here = here;
	m->offset_us = INT64_MAX;
	m->begun_us = m->told_us = now_us();
	look_at_clock(m);
	first_line("/proc/sys/kernel/random/boot_id", m->boot, sizeof(m->boot));
	otlp_place_name(endpoint, filter ? filter : "", m->name);
	m->dir_fd = open(c->recording, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->dir_fd < 0)
		err = log_errno(errno, "otlp: cannot open %s", c->recording);
	if (!err)
		err = otlp_place_load(&m->before, m->dir_fd, m->name);
	if (err && err != -ENOENT && m->dir_fd >= 0) {
		log_errno(
			err,
			"otlp: cannot read %s/%s, which says how far was sent; remove it to begin "
			"with what happens from now on",
			c->recording, m->name);
	} else if (m->dir_fd >= 0) {
		take_before(m);
		return m;
	}
	otlp_missed_close(m);
	return NULL;
}

void otlp_missed_close(struct otlp_missed *m)
{
	stop_reading(m);
	if (m->dir_fd >= 0)
		close(m->dir_fd);
	free(m);
}

static bool is_of_this_boot(const struct otlp_missed *m, const struct otlp_place *p)
{
	return !strcmp(p->boot, m->boot);
}

/* What ended from `time_us` on is read, from the beginning. */
static void go_back(struct otlp_missed *m, uint64_t time_us)
{
	stop_reading(m);
	if (m->state == TOLD) {
		m->place = (struct otlp_place){.time_us = UINT64_MAX};
		memcpy(m->place.boot, m->boot, sizeof(m->place.boot));
		m->has_begun = true;
		log_warn("otlp: the collector misses records; they wait in %s",
			 m->consumer->recording);
	} else if (m->state == CATCHING_UP) {
		/* What is sent at once waits, too. */
		m->has_begun = true;
	}
	if (is_of_this_boot(m, &m->place) && time_us < m->place.time_us) {
		m->place.time_us = time_us;
		m->place.wall_us = (int64_t)time_us + m->offset_us;
	}
	m->state = BEHIND;
	m->until_us = 0;
	m->pass++;
}

bool otlp_missed_takes(struct otlp_missed *m, uint64_t time_us)
{
	look_at_clock(m);
	m->told_us = time_us > m->told_us ? time_us : m->told_us;
	if (m->state == TOLD || (m->until_us && time_us >= m->until_us))
		return false;
	/* If it ended before the run began it is known to the recording of this one, too. */
	m->owed += time_us > m->maybe_us;
	return true;
}

static void handed_over(void *context, const struct push_job *job)
{
	struct otlp_missed *m = context;

	if (job->kind == OTLP_LOGS && job->last_us > m->maybe_us)
		m->maybe_us = job->last_us;
}

/* From a batch that was read the place moves on, but for those that are read too early. */
static void settle(struct otlp_missed *m, const struct push_job *job)
{
	uint64_t time_us = job->first_us > DISORDER_US ? job->first_us - DISORDER_US : 0;

	if (m->state == TOLD || job->tag != m->pass || !job->first_us)
		return;
	if (is_of_this_boot(m, &m->place) && time_us <= m->place.time_us)
		return;
	memcpy(m->place.boot, m->boot, sizeof(m->place.boot));
	m->place.time_us = time_us;
	m->place.wall_us = (int64_t)time_us + m->offset_us;
}

static bool ended(void *context, const struct push_job *job, enum push_end end)
{
	struct otlp_missed *m = context;

	if (job->kind != OTLP_LOGS || m->is_broken)
		return false;
	if (end == PUSH_SETTLED) {
		settle(m, job);
		return true;
	}
	/* Those that waited beside others which may have arrived are marked as those are. */
	if (end == PUSH_DROPPED && job->first_us > m->maybe_us && !job->tag)
		m->owed += job->records;
	else if (job->last_us > m->maybe_us)
		m->maybe_us = job->last_us;
	/* Of what was read before the reading began anew, nothing is left to be done. */
	if (!job->tag || job->tag == m->pass)
		go_back(m, job->first_us ? job->first_us : m->place.time_us);
	return true;
}

struct push_observer otlp_missed_observer(struct otlp_missed *m)
{
	return (struct push_observer){ended, handed_over, m};
}

bool otlp_missed_has_begun(struct otlp_missed *m)
{
	bool has_begun = m->has_begun;

	m->has_begun = false;
	return has_begun;
}

bool otlp_missed_is_behind(const struct otlp_missed *m)
{
	return m->state != TOLD;
}

void otlp_missed_sends(struct otlp_missed *m, struct push_job *job)
{
	job->tag = m->pass;
	handed_over(m, job);
}

uint64_t otlp_missed_lost(struct otlp_missed *m)
{
	uint64_t lost = m->lost;

	m->lost = 0;
	return lost;
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
	return err;
}

/* All of the recording is read; what is still owed is in none that can be. */
static void end_reading(struct otlp_missed *m)
{
	stop_reading(m);
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
		is_after = !is_of_this_boot(m, p) &&
			   (int64_t)(ev->time_ns / 1000) + recording_wall_offset_us(m->recording) >=
				   p->wall_us;
	if (is_here(m) && m->until_us && time_us >= m->until_us)
		return false;
	return is_after && ev->ident.role != ROLE_LISTEN &&
	       filter_matches(m->consumer->filter, &ev->ident);
}

static bool is_repeated(const struct otlp_missed *m, const struct event *ev)
{
	uint64_t time_us = raw_us(m, ev);

	if (is_here(m) && time_us <= m->maybe_then_us)
		return true;
	if (is_here(m) && time_us >= m->begun_us)
		return false;
	/* Of an earlier run. */
	return !m->before.is_exact ||
	       (!strcmp(recording_meta(m->recording)->boot, m->before.boot) &&
		time_us <= m->before.maybe_us);
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
		.is_repeated = is_repeated(m, &m->ev),
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
		m->until_us = now_us();
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

void otlp_missed_save(struct otlp_missed *m, uint64_t oldest_us, bool is_end)
{
	struct otlp_place p = m->place;
	uint64_t now = now_us();
	int err;

	if (!is_end && now < m->saved_us + US_PER_S)
		return;
	m->saved_us = now;
	if (m->state == TOLD) {
		memcpy(p.boot, m->boot, sizeof(p.boot));
		p.time_us = oldest_us < m->told_us ? oldest_us : m->told_us + 1;
		p.wall_us = (int64_t)p.time_us + m->offset_us;
	}
	p.is_done = is_end && m->state == TOLD;
	/* Of an earlier boot it is not known here what may have arrived of it meanwhile. */
	p.is_exact = is_end && is_of_this_boot(m, &p);
	p.maybe_us = m->maybe_us;
	p.owed = m->owed;
	err = otlp_place_save(&p, m->dir_fd, m->name);
	if (err && !m->is_not_kept)
		log_errno(err, "otlp: cannot write %s/%s, which says how far was sent",
			  m->consumer->recording, m->name);
	m->is_not_kept = err;
}
