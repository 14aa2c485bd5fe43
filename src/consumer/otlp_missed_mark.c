// SPDX-License-Identifier: BSD-2-Clause
/* What may have been sent before gets its mark. */
#include "consumer/otlp_missed_state.h"
#include "record/recording.h"

void otlp_missed_mark_until(struct otlp_missed *m, uint64_t time_us)
{
	if (time_us > m->maybe_us)
		m->maybe_us = time_us;
	/* What was dropped while it waited, and ended before it, is read with a mark too: it is not owed. */
	if (m->dropped && time_us >= m->dropped_until_us) {
		m->owed -= m->dropped < m->owed ? m->dropped : m->owed;
		m->dropped = 0;
	}
}

bool otlp_missed_is_repeated(const struct otlp_missed *m, bool is_here, uint64_t time_us)
{
	if (is_here && time_us <= m->maybe_then_us)
		return true;
	if (is_here && time_us >= m->begun_us)
		return false;
	/* Of an earlier run. */
	return !m->before.is_exact ||
	       (!strcmp(recording_meta(m->recording)->boot, m->before.boot) &&
		time_us <= m->before.maybe_us);
}
