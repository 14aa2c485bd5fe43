// SPDX-License-Identifier: BSD-2-Clause
#include "screen/past.h"

#include <string.h>

#include "screen/show.h"
#include "util/xalloc.h"

void past_take(struct screen *s)
{
	struct past *p = &s->past;

	if (p->is_there)
		return;
	if (!p->hot) {
		p->hot = reserve((size_t)p->limit * sizeof(*p->hot));
		p->cold = reserve((size_t)p->limit * sizeof(*p->cold));
	}
	p->used = s->tracks.used;
	memcpy(p->hot, s->tracks.hot, (size_t)p->used * sizeof(*p->hot));
	memcpy(p->cold, s->tracks.cold, (size_t)p->used * sizeof(*p->cold));
	p->tick = s->journal.last;
	/* Without what the interval under way has brought so far. */
	journal_apply(&s->journal, p->tick + 1, p->hot, p->cold);
	p->time_ns = journal_time(&s->journal, p->tick);
	p->is_there = true;
}

void past_done(struct past *p)
{
	if (p->hot) {
		reserve_free(p->hot, (size_t)p->limit * sizeof(*p->hot));
		reserve_free(p->cold, (size_t)p->limit * sizeof(*p->cold));
	}
	*p = (struct past){.limit = p->limit};
}

void past_leave(struct screen *s)
{
	past_done(&s->past);
	s->ui.behind = 0;
}

bool past_go(struct screen *s, uint32_t tick)
{
	struct past *p = &s->past;
	const struct journal *j = &s->journal;
	uint32_t from;

	past_take(s);
	from = p->tick;
	/* Flows that came since may have places beyond those that were copied. */
	if (p->used < s->tracks.used)
		p->used = s->tracks.used;
	for (; p->tick > tick && journal_has(j, p->tick) && journal_has(j, p->tick - 1); p->tick--)
		journal_apply(j, p->tick, p->hot, p->cold);
	for (; p->tick < tick && journal_has(j, p->tick + 1); p->tick++)
		journal_apply(j, p->tick + 1, p->hot, p->cold);
	if (journal_has(j, p->tick))
		p->time_ns = journal_time(j, p->tick);
	s->ui.behind = j->last - p->tick;
	return p->tick != from;
}

uint32_t past_find(const struct screen *s, uint64_t time_ns)
{
	const struct journal *j = &s->journal;
	uint32_t low = j->first, high = j->last;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (journal_time(j, middle) >= time_ns)
			high = middle;
		else
			low = middle + 1;
	}
	return high;
}
