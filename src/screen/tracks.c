// SPDX-License-Identifier: BSD-2-Clause
#include "screen/tracks.h"

#include <string.h>

#include "engine/flow_table.h"
#include "util/xalloc.h"
#include "verdict/verdict.h"

/* Of an average, what is left after an interval. */
#define DECAY 0.9f

float track_average(float average, uint32_t news_tick, uint32_t tick)
{
	for (; news_tick < tick && average >= 0.5f; news_tick++)
		average *= DECAY;
	return average < 0.5f ? 0 : average;
}

float track_average_with(float average, uint32_t news_tick, uint32_t tick, float rate)
{
	return track_average(average, news_tick, tick) + (1 - DECAY) * rate;
}

void tracks_init(struct tracks *t, uint32_t max_flows, uint32_t closed_max, struct journal *j)
{
	*t = (struct tracks){.limit = max_flows + closed_max,
			     .slots = max_flows,
			     .closed_limit = closed_max,
			     .journal = j};
	t->hot = reserve((size_t)t->limit * sizeof(*t->hot));
	t->cold = reserve((size_t)t->limit * sizeof(*t->cold));
	t->next = reserve((size_t)t->limit * sizeof(*t->next));
	t->of_slot = reserve((size_t)t->slots * sizeof(*t->of_slot));
}

void tracks_done(struct tracks *t)
{
	if (!t->hot)
		return;
	reserve_free(t->hot, (size_t)t->limit * sizeof(*t->hot));
	reserve_free(t->cold, (size_t)t->limit * sizeof(*t->cold));
	reserve_free(t->next, (size_t)t->limit * sizeof(*t->next));
	reserve_free(t->of_slot, (size_t)t->slots * sizeof(*t->of_slot));
	*t = (struct tracks){0};
}

void tracks_clear(struct tracks *t)
{
	memset(t->hot, 0, (size_t)t->used * sizeof(*t->hot));
	memset(t->cold, 0, (size_t)t->used * sizeof(*t->cold));
	memset(t->next, 0, (size_t)t->used * sizeof(*t->next));
	memset(t->of_slot, 0, (size_t)t->slots * sizeof(*t->of_slot));
	t->used = t->live = t->closed = t->listening = 0;
	t->free_head = t->oldest = t->newest = 0;
}

static void write_track(struct tracks *t, uint32_t i, const struct track_hot *hot,
			const struct track_cold *cold)
{
	journal_note(t->journal, i, &t->hot[i], hot, &t->cold[i], cold);
	/* Whole, so that what lies between fields is the same too. */
	memcpy(&t->hot[i], hot, sizeof(*hot));
	memcpy(&t->cold[i], cold, sizeof(*cold));
}

/* The one that closed first makes room. */
static void drop_oldest(struct tracks *t)
{
	static const struct track_hot no_hot;
	static const struct track_cold no_cold;
	uint32_t i = t->oldest - 1;

	t->oldest = t->next[i];
	if (!t->oldest)
		t->newest = 0;
	t->closed--;
	write_track(t, i, &no_hot, &no_cold);
	t->next[i] = t->free_head;
	t->free_head = i + 1;
}

void tracks_expire(struct tracks *t, uint64_t before_ns)
{
	while (t->oldest && t->hot[t->oldest - 1].close_ns < before_ns)
		drop_oldest(t);
}

/* A track for a flow that is new; index + 1, or 0 if there is no room. */
static uint32_t take_place(struct tracks *t)
{
	uint32_t i = t->free_head;

	if (!i && t->used == t->limit && t->oldest) {
		drop_oldest(t);
		i = t->free_head;
	}
	if (i) {
		t->free_head = t->next[i - 1];
		t->next[i - 1] = 0;
		return i;
	}
	return t->used < t->limit ? ++t->used : 0;
}

static void put_closed(struct tracks *t, uint32_t i)
{
	if (t->newest)
		t->next[t->newest - 1] = i + 1;
	else
		t->oldest = i + 1;
	t->next[i] = 0;
	t->newest = i + 1;
	t->closed++;
	if (t->closed > t->closed_limit)
		drop_oldest(t);
}

/* The track of the flow in the engine's `slot`; index + 1, or 0. */
static uint32_t find(const struct tracks *t, uint32_t slot, uint64_t id)
{
	uint32_t i = slot < t->slots ? t->of_slot[slot] : 0;

	return i && t->hot[i - 1].id == id && !t->hot[i - 1].close_ns ? i : 0;
}

static void take_state(struct track_hot *hot, struct track_cold *cold, uint8_t state, uint32_t tick)
{
	if (hot->state == state && cold->state_tick[0])
		return;
	memmove(cold->state_tick + 1, cold->state_tick,
		(TRACK_STATES - 1) * sizeof(cold->state_tick[0]));
	memmove(cold->state_was + 1, cold->state_was, TRACK_STATES - 1);
	cold->state_tick[0] = tick;
	cold->state_was[0] = state;
	hot->state = state;
}

static void take_verdict(struct track_hot *hot, const struct verdict *judged,
			 const struct history *history, uint32_t tick)
{
	hot->judged_tick = tick;
	hot->rule = judged->rule;
	hot->severity = judged->rule ? (uint8_t)judged->severity : 0;
	hot->limit = (uint8_t)judged->limit;
	memcpy(hot->level, history->level, sizeof(hot->level));
	hot->readings = history->readings;
	hot->has_begin = history->has_begin;
}

static void take_close(struct track_hot *hot, struct track_cold *cold, const struct event *close)
{
	hot->close_ns = close->time_ns;
	hot->end_reason = close->head.end_reason;
	cold->error = close->head.error;
	cold->flags = close->head.flags;
}

static void take_news(struct track_hot *hot, struct track_cold *cold, const struct news *news,
		      uint32_t tick, float interval_s)
{
	const struct flow *f = news->flow;

	if (!hot->first_tick)
		hot->first_tick = tick;
	hot->tx_average = track_average_with(hot->tx_average, hot->news_tick, tick,
					     (float)news->count.tx_bytes / interval_s);
	hot->rx_average = track_average_with(hot->rx_average, hot->news_tick, tick,
					     (float)news->count.rx_bytes / interval_s);
	hot->delta = news->count;
	hot->news_tick = tick;
	if (memcmp(&cold->flow.ident, &f->ident, sizeof(f->ident)))
		hot->version++;
	cold->flow.count = f->count;
	cold->flow.state = f->state;
	cold->flow.has_ident = true;
	cold->flow.ident = f->ident;
	if (!news->extra)
		return;
	cold->extra = *news->extra;
	hot->has_extra = true;
}

void tracks_take(struct tracks *t, const struct news *news, uint32_t slot, uint32_t tick, float interval_s,
		 const struct verdict *judged, const struct history *history)
{
	uint32_t i = find(t, slot, news->flow->id);
	bool is_new = !i, is_listener = news->flow->state == ST_LISTEN;
	struct track_hot hot;
	struct track_cold cold;

	if (is_new)
		i = take_place(t);
	if (!i) {
		t->refused++;
		return;
	}
	i--;
	memset(&hot, 0, sizeof(hot));
	memset(&cold, 0, sizeof(cold));
	hot.id = cold.flow.id = news->flow->id;
	if (!is_new) {
		memcpy(&hot, &t->hot[i], sizeof(hot));
		memcpy(&cold, &t->cold[i], sizeof(cold));
	}
	take_news(&hot, &cold, news, tick, interval_s);
	take_state(&hot, &cold, news->flow->state, tick);
	if (judged)
		take_verdict(&hot, judged, history, tick);
	if (news->close)
		take_close(&hot, &cold, news->close);
	write_track(t, i, &hot, &cold);
	t->live += is_new && !is_listener;
	t->listening += is_new && is_listener;
	if (slot < t->slots)
		t->of_slot[slot] = news->close ? 0 : i + 1;
	if (!news->close)
		return;
	t->live -= !is_listener;
	t->listening -= is_listener;
	put_closed(t, i);
}
