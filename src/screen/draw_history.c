// SPDX-License-Identifier: BSD-2-Clause
/* What the lines in sight sent in the intervals before, as heights; a group has all its flows. */
#include <stdlib.h>
#include <string.h>

#include "screen/draw.h"

#define PLACES_MAX 512

/* By the place of a line in the window. */
static struct trail_point point[PLACES_MAX * HISTORY_WIDTH];

struct wanted {
	uint32_t track;
	uint16_t place;
};

size_t draw_spark(const struct trail_point *from, unsigned n, bool ascii, double max,
		  double (*value)(const struct trail_point *p), char *buf)
{
	static const char *const blocks[] = {"\u2581", "\u2582", "\u2583", "\u2584",
					     "\u2585", "\u2586", "\u2587", "\u2588"};
	static const char *const signs[] = {".", ":", "-", "=", "+", "*", "#", "@"};
	size_t used = 0;

	for (unsigned i = 0; i < n; i++) {
		double v = value(&from[i]);
		unsigned height = max > 0 ? (unsigned)(v * 7 / max) : 0;
		const char *text = blocks[height];

		if (!from[i].is_seen)
			text = ascii ? "'" : "\u00b7";
		else if (v <= 0)
			text = " ";
		else if (ascii)
			text = signs[height];
		memcpy(buf + used, text, strlen(text));
		used += strlen(text);
	}
	return used;
}

static bool is_shown(const struct scene *s, const struct plan *p)
{
	for (int i = 0; i < p->fields; i++)
		if (s->ui->fields[s->ui->page].field[p->field[i].field].look == LOOK_HISTORY)
			return true;
	return false;
}

static int compare_tracks(const void *a, const void *b)
{
	const struct wanted *one = a, *other = b;

	return (one->track > other->track) - (one->track < other->track);
}

static void read_flows(struct scene *s, int places)
{
	static struct wanted wanted[PLACES_MAX];
	uint32_t which[PLACES_MAX];
	uint16_t place[PLACES_MAX];
	size_t count = 0;

	for (int i = 0; i < places; i++) {
		const struct line *line = list_at(s->list, s->ui->top_line + (size_t)i);

		if (line && line->kind != LINE_GROUP)
			wanted[count++] = (struct wanted){line->index, (uint16_t)i};
	}
	qsort(wanted, count, sizeof(wanted[0]), compare_tracks);
	for (size_t i = 0; i < count; i++) {
		which[i] = wanted[i].track;
		place[i] = wanted[i].place;
	}
	trail_read(s->journal, s->moment, which, place, count, HISTORY_WIDTH, point);
}

/* A group was there since the first of its flows came, as far as that is remembered. */
static void mark_seen(const struct scene *s, uint32_t first_tick, struct trail_point *to)
{
	for (uint32_t n = 0; n < HISTORY_WIDTH && n < s->moment->tick; n++) {
		uint32_t tick = s->moment->tick - n;

		if (tick >= first_tick && tick + 1 >= s->journal->first)
			to[HISTORY_WIDTH - 1 - n].is_seen = true;
	}
}

/* Of their flows only those that have moved lately are looked up: the others add nothing. */
static void read_groups(struct scene *s, int places)
{
	static uint32_t which[TRAIL_FLOWS_MAX], first_tick[PLACES_MAX];
	static uint16_t place[TRAIL_FLOWS_MAX];
	const struct list *l = s->list;
	const struct moment *m = s->moment;
	size_t count = 0, groups = 0;

	for (int i = 0; i < places; i++) {
		const struct line *line = list_at(s->list, s->ui->top_line + (size_t)i);

		first_tick[i] = UINT32_MAX;
		if (!line || line->kind != LINE_GROUP)
			continue;
		l->sum[line->index].trail = (uint16_t)(i + 1);
		groups++;
	}
	for (uint64_t i = 0; i < l->flows_shown && groups; i++) {
		unsigned trail = l->sum[l->member_sum[i]].trail;
		const struct track_hot *h = &m->hot[l->member[i]];

		if (!trail)
			continue;
		if (h->first_tick < first_tick[trail - 1])
			first_tick[trail - 1] = h->first_tick;
		if (h->news_tick + HISTORY_WIDTH <= m->tick)
			continue;
		which[count] = l->member[i];
		place[count++] = (uint16_t)(trail - 1);
		if (count < TRAIL_FLOWS_MAX)
			continue;
		trail_read(s->journal, m, which, place, count, HISTORY_WIDTH, point);
		count = 0;
	}
	trail_read(s->journal, m, which, place, count, HISTORY_WIDTH, point);
	for (int i = 0; i < places; i++)
		if (first_tick[i] != UINT32_MAX)
			mark_seen(s, first_tick[i], &point[i * HISTORY_WIDTH]);
}

void draw_history_read(struct scene *s, const struct plan *p)
{
	int places = p->lines < PLACES_MAX ? p->lines : PLACES_MAX;

	if (!is_shown(s, p))
		return;
	memset(point, 0, (size_t)places * HISTORY_WIDTH * sizeof(point[0]));
	read_flows(s, places);
	if (s->ui->by != BY_NONE)
		read_groups(s, places);
}

static double tx_of(const struct trail_point *p)
{
	return (double)p->tx_rate;
}

size_t draw_history(int place, bool ascii, char *buf)
{
	const struct trail_point *from = &point[place * HISTORY_WIDTH];
	double max = 0;

	if (place >= PLACES_MAX)
		return 0;
	for (int i = 0; i < HISTORY_WIDTH; i++)
		if (tx_of(&from[i]) > max)
			max = tx_of(&from[i]);
	return draw_spark(from, HISTORY_WIDTH, ascii, max, tx_of, buf);
}
