// SPDX-License-Identifier: BSD-2-Clause
#include "screen/trail.h"

#define NS_PER_S 1e9

static void add_point(const struct track_hot *h, uint64_t id, uint32_t tick, float seconds,
		      struct trail_point *to)
{
	if (h->id != id)
		return;
	to->is_seen = true;
	if (h->delta.srtt_us > to->srtt_us)
		to->srtt_us = h->delta.srtt_us;
	if (h->news_tick != tick)
		return;
	to->tx_rate += (float)h->delta.tx_bytes / seconds;
	to->rx_rate += (float)h->delta.rx_bytes / seconds;
	to->retrans += h->delta.retrans_segs;
}

void trail_read(const struct journal *j, const struct moment *m, const uint32_t *which,
		const uint16_t *row, size_t count, unsigned intervals, struct trail_point *ret)
{
	static struct track_hot hot[TRAIL_FLOWS_MAX];
	uint32_t tick = m->tick;

	for (size_t i = 0; i < count; i++)
		hot[i] = m->hot[which[i]];
	if (m->is_ahead)
		journal_apply_some(j, j->last + 1, which, count, hot, NULL);
	for (unsigned n = intervals; n-- && tick; tick--) {
		uint64_t ns = journal_interval(j, tick);
		float seconds = ns ? (float)((double)ns / NS_PER_S) : 1;

		for (size_t i = 0; i < count; i++)
			add_point(&hot[i], m->hot[which[i]].id, tick, seconds,
				  &ret[(row ? row[i] : i) * intervals + n]);
		if (!journal_has(j, tick))
			return;
		journal_apply_some(j, tick, which, count, hot, NULL);
	}
}

/* Lead a track as it was when interval `*tick` ended back to the end of interval `to`. */
static bool lead_back(const struct journal *j, uint32_t track, uint32_t *tick, uint32_t to,
		      struct trail_track *t)
{
	for (; *tick > to; (*tick)--) {
		if (*tick != j->last + 1 && !journal_has(j, *tick))
			return false;
		journal_apply_some(j, *tick, &track, 1, &t->hot, &t->cold);
	}
	return true;
}

bool trail_judged(const struct journal *j, const struct moment *m, uint32_t track,
		  struct trail_track *ret, struct trail_track *ret_before)
{
	uint32_t tick = m->is_ahead ? j->last + 1 : m->tick;

	ret->hot = m->hot[track];
	ret->cold = m->cold[track];
	if (!lead_back(j, track, &tick, ret->hot.judged_tick, ret))
		return false;
	*ret_before = *ret;
	if (!tick || !lead_back(j, track, &tick, tick - 1, ret_before))
		return false;
	return ret_before->hot.id != ret->hot.id ||
	       lead_back(j, track, &tick, ret_before->hot.judged_tick, ret_before);
}
