// SPDX-License-Identifier: BSD-2-Clause
#include "screen/list.h"

#include <stdlib.h>
#include <string.h>

#include "screen/groups.h"
#include "screen/notes.h"
#include "screen/order.h"
#include "screen/where.h"
#include "util/xalloc.h"
#include "view/view.h"

void list_init(struct list *l, uint32_t tracks_max)
{
	uint32_t buckets = 1024;

	while (buckets < 2 * (uint64_t)tracks_max)
		buckets *= 2;
	l->limit = tracks_max;
	l->index_mask = buckets - 1;
	/* A group is a line of its own, beside those of its flows. */
	l->line = reserve(2 * (size_t)tracks_max * sizeof(*l->line));
	l->sum = reserve((size_t)tracks_max * sizeof(*l->sum));
	l->member = reserve((size_t)tracks_max * sizeof(*l->member));
	l->member_sum = reserve((size_t)tracks_max * sizeof(*l->member_sum));
	l->index = reserve((size_t)buckets * sizeof(*l->index));
	l->cache = reserve((size_t)tracks_max * sizeof(*l->cache));
	l->held = reserve((size_t)tracks_max * sizeof(*l->held));
	l->note = reserve(LIST_NOTES * sizeof(*l->note));
}

void list_done(struct list *l)
{
	if (!l->line)
		return;
	reserve_free(l->line, 2 * (size_t)l->limit * sizeof(*l->line));
	reserve_free(l->sum, (size_t)l->limit * sizeof(*l->sum));
	reserve_free(l->member, (size_t)l->limit * sizeof(*l->member));
	reserve_free(l->member_sum, (size_t)l->limit * sizeof(*l->member_sum));
	reserve_free(l->index, ((size_t)l->index_mask + 1) * sizeof(*l->index));
	reserve_free(l->cache, (size_t)l->limit * sizeof(*l->cache));
	reserve_free(l->held, (size_t)l->limit * sizeof(*l->held));
	reserve_free(l->note, LIST_NOTES * sizeof(*l->note));
	*l = (struct list){0};
}

/* Is it of the page at all? */
static bool is_of_page(const struct list *l, const struct track_hot *h)
{
	const struct ui *ui = l->ui;

	if (!h->id)
		return false;
	switch (ui->page) {
	case PAGE_LISTENERS:
		return h->state == ST_LISTEN && !h->close_ns;
	case PAGE_CLOSED:
		return h->close_ns && h->state != ST_LISTEN;
	case PAGE_VERDICTS:
		return h->rule && h->severity > SEVERITY_FINE;
	default:
		break;
	}
	if (h->state == ST_LISTEN)
		return false;
	return !h->close_ns || ui->with_closed || h->close_ns + l->keep_ns > l->moment->time_ns;
}

static bool is_wanted(struct list *l, uint32_t i)
{
	const struct track_hot *h = &l->moment->hot[i];
	const struct track_cold *c = &l->moment->cold[i];
	struct list_cache *cache;

	if (!l->where)
		return true;
	cache = list_cache_of(l, i);
	if (cache->where_number == l->where_number && where_is_steady(l->where))
		return cache->matches;
	cache->where_number = l->where_number;
	cache->matches = where_matches(l->where, h, c, l->view->context.cgroups);
	return cache->matches;
}

static void put_line(struct list *l, uint32_t i)
{
	struct line *line = &l->line[l->count++];

	*line = (struct line){.id = l->moment->hot[i].id, .index = i, .kind = LINE_FLOW};
	order_key(l, line);
}

void list_make(struct list *l)
{
	const struct moment *m = l->moment;
	bool is_grouped = l->ui->by != BY_NONE;
	uint32_t members = 0;

	l->count = l->flows_shown = l->flows_there = 0;
	l->sorted_from = l->sorted_to = 0;
	order_begin(l);
	for (uint32_t i = 0; i < m->used; i++) {
		if (!is_of_page(l, &m->hot[i]))
			continue;
		l->flows_there++;
		if (!is_wanted(l, i))
			continue;
		l->flows_shown++;
		if (is_grouped)
			l->member[members++] = i;
		else
			put_line(l, i);
	}
	if (is_grouped)
		groups_make(l, members);
}

const struct line *list_at(struct list *l, size_t i)
{
	if (i >= l->count)
		return NULL;
	if (i < l->sorted_from || i >= l->sorted_to)
		list_order(l, i, i + 1);
	return &l->line[i];
}

uint64_t list_key(const struct list *l, const struct line *line)
{
	return line->kind == LINE_GROUP ? l->sum[line->index].key : line->id;
}

size_t list_find(struct list *l, uint64_t key, bool is_group)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < l->count && found == SIZE_MAX; i++)
		if ((l->line[i].kind == LINE_GROUP) == is_group && list_key(l, &l->line[i]) == key)
			found = i;
	if (found == SIZE_MAX || (found >= l->sorted_from && found < l->sorted_to))
		return found;
	/* Where it lies now says nothing; how many come before it does. */
	return order_place(l, found);
}

void list_order(struct list *l, size_t from, size_t to)
{
	if (to > l->count)
		to = l->count;
	if (from >= to || (from >= l->sorted_from && to <= l->sorted_to))
		return;
	order_window(l, from, to);
	l->sorted_from = from;
	l->sorted_to = to;
}

void list_hold(struct list *l, bool hold)
{
	notes_forget_ranks(l);
	if (!hold)
		return;
	/* The lines as they are; those of shut groups come when they are opened. */
	if (l->ui->by == BY_NONE)
		order_all(l, l->line, l->count);
	for (size_t i = 0; i < l->count; i++)
		notes_rank(l, &l->line[i]);
}
