// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/series.h"

#include <stdlib.h>
#include <string.h>

#include "metrics/exponential.h"
#include "metrics/verdict_cells.h"
#include "util/xalloc.h"

#define PLACES_MAX 65534
/* Beside the groups: other, expired, total. */
#define MORE_RECORDS 3

/* Of each metric: where its cells begin, as numbers and as bits, and of how many numbers each is.
 */
struct series_layout {
	bool is_exponential;
	unsigned number_at[METRIC_COUNT], size[METRIC_COUNT], bit_at[METRIC_COUNT], numbers;
};

static struct series_layout layouts[2] = {{.is_exponential = false}, {.is_exponential = true}};

static const struct series_layout *place_metrics(unsigned of)
{
	struct series_layout *l = &layouts[!!(of & SERIES_EXPONENTIAL)];
	unsigned bits = 0;

	l->numbers = 0;
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		bool is_exponential = l->is_exponential && metrics[i].kind == METRIC_HISTOGRAM;

		l->size[i] = is_exponential ? EXPONENTIAL_NUMBERS : metric_cell_size(i);
		l->number_at[i] = l->numbers;
		l->bit_at[i] = bits;
		l->numbers += metric_cells(i) * l->size[i];
		bits += metric_cells(i);
	}
	return l;
}

uint64_t *series_cell(const struct series_record *r, enum metric_id id, unsigned cell)
{
	return r->number + r->layout->number_at[id] + cell * r->layout->size[id];
}

bool series_exists(const struct series_record *r, enum metric_id id, unsigned cell)
{
	unsigned bit = r->layout->bit_at[id] + cell;

	return r->exists[bit / 64] >> bit % 64 & 1;
}

static void set_exists(struct series_record *r, enum metric_id id, unsigned cell)
{
	unsigned bit = r->layout->bit_at[id] + cell;

	r->exists[bit / 64] |= 1ull << bit % 64;
}

static uint32_t round_up(uint32_t n)
{
	uint32_t size = 64;

	while (size < n)
		size *= 2;
	return size;
}

void series_init(struct series_table *t, unsigned of, const struct series_limits *limits,
		 uint64_t now_ns)
{
	size_t numbers_all;

	verdict_cells_fill();
	*t = (struct series_table){.of = of, .limits = *limits};
	t->layout = place_metrics(of);
	numbers_all = t->layout->numbers;
	t->places = limits->per_metric < PLACES_MAX ? limits->per_metric : PLACES_MAX;
	t->group = reserve(t->places * sizeof(*t->group));
	t->index_mask = round_up(2 * t->places) - 1;
	t->index = xcalloc(t->index_mask + 1, sizeof(struct series_group *));
	t->numbers_size = (t->places + MORE_RECORDS) * numbers_all * sizeof(uint64_t);
	t->numbers = reserve(t->numbers_size);
	t->other.record.layout = t->expired.layout = t->total.layout = t->layout;
	t->other.record.number = t->numbers + t->places * numbers_all;
	t->expired.number = t->other.record.number + numbers_all;
	t->total.number = t->expired.number + numbers_all;
	t->other.is_there = true;
	t->other.start_ns = t->start_ns = now_ns;
}

void series_done(struct series_table *t)
{
	for (uint32_t i = 0; i < t->used; i++)
		free(t->group[i].labels);
	if (t->group)
		reserve_free(t->group, t->places * sizeof(*t->group));
	if (t->numbers)
		reserve_free(t->numbers, t->numbers_size);
	free(t->index);
	*t = (struct series_table){.group = NULL};
}

/* FNV-1a, finished so that its low bits depend on all. */
static uint32_t hash_of(const char *text, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3ull;
	return (uint32_t)(h ^ h >> 32);
}

static struct series_group *take_place(struct series_table *t)
{
	struct series_group *g = t->free;

	if (g) {
		t->free = g->next;
		return g;
	}
	if (t->used == t->places)
		return NULL;
	g = &t->group[t->used];
	g->record.layout = t->layout;
	g->record.number = t->numbers + (size_t)t->used++ * t->layout->numbers;
	return g;
}

struct series_group *series_find(struct series_table *t, const char *labels, size_t len,
				 uint64_t now_ns)
{
	uint32_t hash = hash_of(labels, len);
	struct series_group **first = &t->index[hash & t->index_mask], *g;

	for (g = *first; g; g = g->next)
		if (g->hash == hash && g->labels_len == len && !memcmp(g->labels, labels, len))
			return g;
	g = take_place(t);
	if (!g)
		return &t->other;
	g->labels = xmalloc(len + 1);
	memcpy(g->labels, labels, len);
	g->labels[len] = '\0';
	g->labels_len = len;
	g->hash = hash;
	g->is_there = true;
	g->start_ns = g->used_ns = now_ns;
	g->next = *first;
	*first = g;
	t->count++;
	return g;
}

/* Never 0, which stands for none. */
uint32_t series_handle(const struct series_table *t, const struct series_group *g)
{
	uint32_t place = g == &t->other ? PLACES_MAX : (uint32_t)(g - t->group);

	return (uint32_t)g->generation << 16 | (place + 1);
}

struct series_group *series_of_handle(struct series_table *t, uint32_t handle)
{
	uint32_t place = (handle & 0xffff) - 1;
	struct series_group *g;

	if (place >= t->used && place != PLACES_MAX)
		return NULL;
	g = place == PLACES_MAX ? &t->other : &t->group[place];
	return g->is_there && g->generation == handle >> 16 ? g : NULL;
}

/*
 * The record that a value of this cell belongs to: that of the group, if the cell is a series or
 * can become one. Some room is kept for the cells of `other`.
 */
static struct series_record *record_for(struct series_table *t, struct series_group *g,
					enum metric_id id, unsigned cell)
{
	uint32_t *all = t->shared_total ? t->shared_total : &t->series_all;
	uint32_t kept = metric_cells(id);

	if (g != &t->other && series_exists(&g->record, id, cell))
		return &g->record;
	if (g != &t->other && t->series[id] + kept < t->limits.per_metric &&
	    *all < t->limits.total) {
		t->series[id]++;
		++*all;
		set_exists(&g->record, id, cell);
		return &g->record;
	}
	t->folded[id]++;
	set_exists(&t->other.record, id, cell);
	return &t->other.record;
}

void series_add(struct series_table *t, struct series_group *g, enum metric_id id, unsigned cell,
		uint64_t n, uint64_t now_ns)
{
	uint64_t *number = series_cell(record_for(t, g, id, cell), id, cell);

	if (metrics[id].kind == METRIC_GAUGE) {
		number[1] += n;
		return;
	}
	*number += n;
	*series_cell(&t->total, id, cell) += n;
	set_exists(&t->total, id, cell);
	if (n)
		g->used_ns = now_ns;
}

static unsigned bucket_of(const struct metric *m, uint64_t us)
{
	unsigned i = 0;

	while (us > m->bound_us[i])
		i++;
	return i;
}

/* A cell is of whole numbers of 64 bits, as is a struct exponential. */
_Static_assert(sizeof(struct exponential) == EXPONENTIAL_NUMBERS * sizeof(uint64_t), "no padding");

static void observe(uint64_t *number, enum metric_id id, const struct series_layout *layout,
		    uint64_t us)
{
	const struct metric *m = &metrics[id];

	if (layout->is_exponential) {
		exponential_observe((struct exponential *)number, us);
		return;
	}
	number[bucket_of(m, us)]++;
	number[m->bounds]++;
	number[m->bounds + 1] += us;
}

void series_observe(struct series_table *t, struct series_group *g, enum metric_id id,
		    unsigned cell, uint64_t us, uint64_t now_ns)
{
	struct series_record *records[] = {record_for(t, g, id, cell), &t->total};

	for (unsigned i = 0; i < 2; i++)
		observe(series_cell(records[i], id, cell), id, t->layout, us);
	set_exists(&t->total, id, cell);
	g->used_ns = now_ns;
}

/* Gauges begin anew. */
static void turn_gauges(struct series_record *r)
{
	for (unsigned id = 0; id < METRIC_COUNT; id++) {
		if (metrics[id].kind != METRIC_GAUGE)
			continue;
		for (unsigned cell = 0; cell < metric_cells(id); cell++)
			if (series_exists(r, id, cell)) {
				uint64_t *number = series_cell(r, id, cell);

				number[0] = number[1];
				number[1] = 0;
			}
	}
}

static void add_cell(const struct series_layout *l, enum metric_id id, uint64_t *to,
		     const uint64_t *from)
{
	if (l->is_exponential && metrics[id].kind == METRIC_HISTOGRAM) {
		exponential_merge((struct exponential *)to, (const struct exponential *)from);
		return;
	}
	for (unsigned i = 0; i < l->size[id]; i++)
		to[i] += from[i];
}

/* What a group counted is kept, and its series are free for others. */
static void give_up(struct series_table *t, struct series_group *g)
{
	uint32_t *all = t->shared_total ? t->shared_total : &t->series_all;

	for (unsigned id = 0; id < METRIC_COUNT; id++)
		for (unsigned cell = 0; cell < metric_cells(id); cell++) {
			if (!series_exists(&g->record, id, cell))
				continue;
			if (g != &t->other) {
				t->series[id]--;
				--*all;
			}
			if (metrics[id].kind == METRIC_GAUGE)
				continue;
			add_cell(t->layout, id, series_cell(&t->expired, id, cell),
				 series_cell(&g->record, id, cell));
			set_exists(&t->expired, id, cell);
		}
	memset(g->record.number, 0, t->layout->numbers * sizeof(uint64_t));
	memset(g->record.exists, 0, sizeof(g->record.exists));
}

static void expire(struct series_table *t, struct series_group *g)
{
	struct series_group **at = &t->index[g->hash & t->index_mask];

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	give_up(t, g);
	free(g->labels);
	g->labels = NULL;
	g->is_there = false;
	g->generation++;
	g->live = g->live_next = 0;
	g->next = t->free;
	t->free = g;
	t->count--;
	t->expired_groups++;
}

uint64_t series_live(const struct series_table *t)
{
	uint64_t sum = t->other.live;

	for (uint32_t i = 0; i < t->used; i++)
		sum += t->group[i].live;
	return sum;
}

uint64_t series_sum(const struct series_table *t, enum metric_id id)
{
	uint64_t sum = 0;

	for (unsigned cell = 0; cell < metric_cells(id); cell++)
		sum += *series_cell(&t->total, id, cell);
	return sum;
}

void series_tick(struct series_table *t, uint64_t now_ns)
{
	turn_gauges(&t->other.record);
	t->other.live = t->other.live_next;
	t->other.live_next = 0;
	for (uint32_t i = 0; i < t->used; i++) {
		struct series_group *g = &t->group[i];

		if (!g->is_there)
			continue;
		g->live = g->live_next;
		g->live_next = 0;
		if (!g->live && t->limits.idle_ns && now_ns - g->used_ns >= t->limits.idle_ns)
			expire(t, g);
		else
			turn_gauges(&g->record);
	}
}

void series_expire_all(struct series_table *t, uint64_t now_ns)
{
	for (uint32_t i = 0; i < t->used; i++)
		if (t->group[i].is_there)
			expire(t, &t->group[i]);
	give_up(t, &t->other);
	t->other.generation++;
	t->other.start_ns = now_ns;
}
