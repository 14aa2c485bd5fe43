// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/otlp_missed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "consumer/otlp_missed_state.h"
#include "engine/question.h"
#include "push/otlp.h"
#include "util/first_line.h"
#include "util/log.h"
#include "util/xalloc.h"

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
	m->begun_us = m->told_us = otlp_missed_now_us();
	look_at_clock(m);
	first_line("/proc/sys/kernel/random/boot_id", m->boot, sizeof(m->boot));
	otlp_place_name(endpoint, filter ? filter : "", m->name);
	m->dir_fd = open(c->recording, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->dir_fd < 0)
		err = log_errno(errno, "otlp: cannot open %s", c->recording);
	if (!err)
		err = otlp_missed_load(m);
	if (!err)
		return m;
	otlp_missed_close(m);
	return NULL;
}

void otlp_missed_close(struct otlp_missed *m)
{
	otlp_missed_stop_reading(m);
	if (m->dir_fd >= 0)
		close(m->dir_fd);
	free(m);
}

/* What ended from `time_us` on is read, from the beginning. */
static void go_back(struct otlp_missed *m, uint64_t time_us)
{
	otlp_missed_stop_reading(m);
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
	if (otlp_missed_is_of_this_boot(m, &m->place) && time_us < m->place.time_us) {
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

	if (job->kind == OTLP_LOGS)
		otlp_missed_mark_until(m, job->last_us);
}

/* From a batch that was read the place moves on, but for those that are read too early. */
static void settle(struct otlp_missed *m, const struct push_job *job)
{
	uint64_t time_us = job->first_us > DISORDER_US ? job->first_us - DISORDER_US : 0;

	if (m->state == TOLD || job->tag != m->pass || !job->first_us)
		return;
	if (otlp_missed_is_of_this_boot(m, &m->place) && time_us <= m->place.time_us)
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
	if (end == PUSH_DROPPED && job->first_us > m->maybe_us && !job->tag) {
		m->owed += job->records;
		m->dropped += job->records;
		m->dropped_until_us = job->last_us;
	} else {
		otlp_missed_mark_until(m, job->last_us);
	}
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
