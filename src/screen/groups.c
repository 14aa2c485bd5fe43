// SPDX-License-Identifier: BSD-2-Clause
#include "screen/groups.h"

#include <string.h>

#include "engine/group.h"
#include "screen/notes.h"
#include "screen/order.h"
#include "screen/row_of.h"
#include "view/view.h"

static uint64_t hash_key(const struct group_key *key)
{
	uint64_t h = 0xcbf29ce484222325ull, word[sizeof(*key) / 8];

	_Static_assert(sizeof(*key) % 8 == 0, "whole words");
	memcpy(word, key, sizeof(word));
	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		h = (h ^ word[i]) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	return h ? h : 1;
}

/* What a flow counts under, found once for each of its idents. */
static uint64_t key_of(struct list *l, uint32_t track)
{
	struct list_cache *cache = list_cache_of(l, track);
	struct group_key key;
	uint32_t note = 0;

	if (cache->by_number == l->by_number)
		return cache->group;
	memset(&key, 0, sizeof(key));
	l->view->grouping.keys(l->view, &l->moment->cold[track].flow, &note, &key);
	cache->by_number = l->by_number;
	cache->group = hash_key(&key);
	return cache->group;
}

static struct sum *find_sum(struct list *l, uint64_t key, uint32_t mask)
{
	uint32_t i = (uint32_t)(key >> 20) & mask;

	for (; l->index[i]; i = (i + 1) & mask)
		if (l->sum[l->index[i] - 1].key == key)
			return &l->sum[l->index[i] - 1];
	l->index[i] = (uint32_t)++l->sums;
	l->sum[l->sums - 1] = (struct sum){.key = key, .is_open = notes_is_open(l, key)};
	return &l->sum[l->sums - 1];
}

static void add_flow(struct list *l, struct sum *s, uint32_t track)
{
	const struct moment *m = l->moment;
	const struct track_hot *h = &m->hot[track];
	struct ev_count count = l->ui->totals ? m->cold[track].flow.count : row_delta(m, track);
	double weight = (double)(count.tx_bytes + count.rx_bytes) + 1;

	if (!s->flows++)
		s->first = track;
	if (count.srtt_us) {
		s->srtt += count.srtt_us * weight;
		s->weight += weight;
	}
	ev_count_add(&s->count, &count);
	s->tx_average += track_average(h->tx_average, h->news_tick, m->tick);
	s->rx_average += track_average(h->rx_average, h->news_tick, m->tick);
	if (h->rule && (!s->rule || h->severity > s->severity)) {
		s->rule = h->rule;
		s->severity = h->severity;
	}
}

static void sum_up(struct list *l, uint32_t members)
{
	uint32_t mask = 1023;

	while (mask < 2 * members && mask < l->index_mask)
		mask = mask * 2 + 1;
	memset(l->index, 0, ((size_t)mask + 1) * sizeof(*l->index));
	l->sums = 0;
	for (uint32_t i = 0; i < members; i++) {
		struct sum *s = find_sum(l, key_of(l, l->member[i]), mask);

		l->member_sum[i] = (uint32_t)(s - l->sum);
		add_flow(l, s, l->member[i]);
	}
}

static void put_groups(struct list *l)
{
	for (uint32_t i = 0; i < l->sums; i++) {
		struct line *line = &l->line[i];

		*line = (struct line){.id = l->sum[i].key, .index = i, .kind = LINE_GROUP};
		order_key(l, line);
	}
	order_all(l, l->line, l->sums);
}

/* Groups make room behind them for their flows; the last one moves first. */
static void make_room(struct list *l)
{
	size_t at = l->sums;

	for (size_t i = 0; i < l->sums; i++)
		at += l->sum[i].is_open ? l->sum[i].flows : 0;
	l->count = at;
	for (size_t i = l->sums; i--;) {
		struct sum *s = &l->sum[l->line[i].index];

		if (s->is_open)
			at -= s->flows;
		s->place = (uint32_t)at;
		l->line[--at] = l->line[i];
	}
}

static void put_flows(struct list *l, uint32_t members)
{
	for (uint32_t i = 0; i < members; i++) {
		struct sum *s = &l->sum[l->member_sum[i]];
		struct line *line = &l->line[s->place + s->shown];

		if (!s->is_open)
			continue;
		s->shown++;
		*line = (struct line){.id = l->moment->hot[l->member[i]].id,
				      .index = l->member[i],
				      .group = l->member_sum[i],
				      .kind = LINE_CHILD};
		order_key(l, line);
	}
	for (size_t i = 0; i < l->sums; i++)
		if (l->sum[i].is_open)
			order_all(l, &l->line[l->sum[i].place], l->sum[i].flows);
}

void groups_make(struct list *l, uint32_t members)
{
	sum_up(l, members);
	put_groups(l);
	make_room(l);
	put_flows(l, members);
	l->sorted_to = l->count;
}
