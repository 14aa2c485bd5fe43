// SPDX-License-Identifier: BSD-2-Clause
/* How far the collector was told, from one run to the next. */
#include <errno.h>
#include <string.h>

#include "consumer/otlp_missed_state.h"
#include "util/log.h"

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

int otlp_missed_load(struct otlp_missed *m)
{
	int err = otlp_place_load(&m->before, m->dir_fd, m->name);

	if (err && err != -ENOENT)
		return log_errno(
			err,
			"otlp: cannot read %s/%s, which says how far was sent; remove it to begin "
			"with what happens from now on",
			m->consumer->recording, m->name);
	take_before(m);
	return 0;
}

void otlp_missed_save(struct otlp_missed *m, uint64_t oldest_us, bool is_end)
{
	struct otlp_place p = m->place;
	uint64_t now = otlp_missed_now_us();
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
	p.is_exact = is_end && otlp_missed_is_of_this_boot(m, &p);
	p.maybe_us = m->maybe_us;
	p.owed = m->owed;
	err = otlp_place_save(&p, m->dir_fd, m->name);
	if (err && !m->is_not_kept)
		log_errno(err, "otlp: cannot write %s/%s, which says how far was sent",
			  m->consumer->recording, m->name);
	m->is_not_kept = err;
}
