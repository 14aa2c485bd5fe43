// SPDX-License-Identifier: BSD-2-Clause
#include "screen/trail.h"

#include <string.h>

static void read_point(const struct track_hot *h, uint64_t id, uint32_t tick,
		       struct trail_point *ret)
{
	*ret = (struct trail_point){.is_seen = h->id == id};
	if (!ret->is_seen)
		return;
	ret->srtt_us = h->delta.srtt_us;
	if (h->news_tick != tick)
		return;
	ret->tx_bytes = h->delta.tx_bytes;
	ret->rx_bytes = h->delta.rx_bytes;
	ret->retrans = h->delta.retrans_segs;
}

void trail_read(const struct journal *j, const struct moment *m, const uint32_t *which,
		size_t count, unsigned intervals, struct trail_point *ret)
{
	static struct track_hot hot[TRAIL_FLOWS_MAX];
	uint32_t tick = m->tick;

	memset(ret, 0, count * intervals * sizeof(*ret));
	for (size_t i = 0; i < count; i++)
		hot[i] = m->hot[which[i]];
	if (m->is_ahead)
		journal_apply_some(j, j->last + 1, which, count, hot, NULL);
	for (unsigned n = intervals; n-- && tick; tick--) {
		for (size_t i = 0; i < count; i++)
			read_point(&hot[i], m->hot[which[i]].id, tick, &ret[i * intervals + n]);
		if (!journal_has(j, tick))
			return;
		journal_apply_some(j, tick, which, count, hot, NULL);
	}
}

bool trail_before(const struct journal *j, const struct moment *m, uint32_t track,
		  struct track_hot *hot, struct track_cold *cold)
{
	uint32_t news = m->hot[track].news_tick, tick = m->is_ahead ? j->last + 1 : m->tick;

	*hot = m->hot[track];
	*cold = m->cold[track];
	for (; tick && tick >= news; tick--) {
		if (tick != j->last + 1 && !journal_has(j, tick))
			return false;
		journal_apply_some(j, tick, &track, 1, hot, cold);
	}
	return true;
}
