// SPDX-License-Identifier: BSD-2-Clause
#include "screen/draw.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "screen/cell_text.h"

size_t draw_spark(const struct trail_point *point, unsigned n, bool ascii, uint64_t max,
		  uint64_t (*value)(const struct trail_point *p), char *buf)
{
	static const char *const blocks[] = {"\u2581", "\u2582", "\u2583", "\u2584",
					     "\u2585", "\u2586", "\u2587", "\u2588"};
	static const char *const signs[] = {".", ":", "-", "=", "+", "*", "#", "@"};
	size_t used = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t v = value(&point[i]);
		unsigned height = max ? (unsigned)((double)v * 7 / (double)max) : 0;
		const char *text = blocks[height];

		if (!point[i].is_seen)
			text = ascii ? "'" : "\u00b7";
		else if (!v)
			text = " ";
		else if (ascii)
			text = signs[height];
		memcpy(buf + used, text, strlen(text));
		used += strlen(text);
	}
	return used;
}

static uint64_t tx_of(const struct trail_point *p)
{
	return p->tx_bytes;
}

/* The trails of the flows in sight, found by their track. */
struct trails {
	uint32_t which[TRAIL_FLOWS_MAX];
	size_t count;
	struct trail_point point[TRAIL_FLOWS_MAX * HISTORY_WIDTH];
};

static int compare_tracks(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return (one > other) - (one < other);
}

static bool shows_history(const struct scene *s, const struct plan *p)
{
	for (int i = 0; i < p->fields; i++)
		if (s->ui->fields[s->ui->page].field[p->field[i].field].look == LOOK_HISTORY)
			return true;
	return false;
}

static void read_trails(struct trails *t, struct scene *s, const struct plan *p)
{
	t->count = 0;
	if (!shows_history(s, p))
		return;
	for (int i = 0; i < p->lines && t->count < TRAIL_FLOWS_MAX; i++) {
		const struct line *line = list_at(s->list, s->ui->top_line + (size_t)i);

		if (line && line->kind != LINE_GROUP)
			t->which[t->count++] = line->index;
	}
	qsort(t->which, t->count, sizeof(t->which[0]), compare_tracks);
	trail_read(s->journal, s->moment, t->which, t->count, HISTORY_WIDTH, t->point);
}

static size_t history_text(const struct trails *t, const struct line *line, bool ascii, char *buf)
{
	const uint32_t *found =
		bsearch(&line->index, t->which, t->count, sizeof(t->which[0]), compare_tracks);
	const struct trail_point *point;
	uint64_t max = 0;

	if (!found || line->kind == LINE_GROUP)
		return 0;
	point = &t->point[(found - t->which) * HISTORY_WIDTH];
	for (int i = 0; i < HISTORY_WIDTH; i++)
		if (point[i].tx_bytes > max)
			max = point[i].tx_bytes;
	return draw_spark(point, HISTORY_WIDTH, ascii, max, tx_of, buf);
}

static unsigned ink_of_severity(unsigned severity)
{
	if (severity >= SEVERITY_FAILED)
		return INK_RED | INK_BOLD;
	return severity >= SEVERITY_WATCH ? INK_YELLOW : 0;
}

static unsigned ink_of_line(const struct scene *s, const struct line *line)
{
	const struct track_hot *h = &s->moment->hot[line->index];

	if (line->kind == LINE_GROUP)
		return INK_BOLD;
	if (h->close_ns && s->ui->page != PAGE_CLOSED)
		return INK_DIM;
	return h->first_tick >= s->moment->tick && s->moment->tick > 1 ? INK_BOLD : 0;
}

/* Underline what was searched for: plain text, in any case if it has no capitals. */
static void mark_hit(struct canvas *c, const struct scene *s, int row, int column, int width,
		     const char *text, size_t len, bool right)
{
	const char *search = s->ui->search;
	char cell[CELL_TEXT_MAX];
	const char *hit;
	int used, before;

	if (!search[0] || len >= sizeof(cell))
		return;
	memcpy(cell, text, len);
	cell[len] = '\0';
	hit = ui_has_capitals(search) ? strstr(cell, search) : strcasestr(cell, search);
	if (!hit)
		return;
	used = canvas_width(c, cell, len);
	before = canvas_width(c, cell, (size_t)(hit - cell)) +
		 (right && used < width ? width - used : 0);
	canvas_ink(c, row, column + before, canvas_width(c, hit, strlen(search)), INK_UNDERLINE);
}

static unsigned ink_of_cell(const struct field *field, const struct row *row, unsigned ink)
{
	const char *name = field->column->name;

	if (row->verdict && (!strcmp(name, "severity") || !strcmp(name, "verdict")))
		return ink | ink_of_severity(row->verdict->severity);
	return ink;
}

static void draw_line(struct canvas *c, struct scene *s, const struct plan *p,
		      const struct trails *t, int at, const struct line *line, bool is_cursor)
{
	const struct fields *fields = &s->ui->fields[s->ui->page];
	unsigned ink = ink_of_line(s, line) | (is_cursor ? INK_REVERSE : 0);
	char buf[CELL_TEXT_MAX];
	struct row row;
	const char *sign = " ";

	cell_row(s, line, &row);
	if (line->kind == LINE_GROUP)
		sign = s->list->sum[line->index].is_open ? "v" : "+";
	else if (ui_is_marked(s->ui, line->id))
		sign = "*";
	else if (is_cursor)
		sign = ">";
	canvas_put(c, at, 0, p->table_columns, "", 0, false, ink);
	canvas_put(c, at, 0, 1, sign, 1, false, ink);
	for (int i = 0; i < p->fields; i++) {
		const struct plan_field *pf = &p->field[i];
		const struct field *field = &fields->field[pf->field];
		bool right = field->width > 0;
		const char *text = buf;
		size_t len;

		if (field->look == LOOK_HISTORY)
			len = history_text(t, line, c->ascii, buf);
		else
			len = cell_text(s, line, &row, field, pf->width, buf, &text);
		canvas_put(c, at, pf->column, pf->width, text, len, right,
			   ink_of_cell(field, &row, ink));
		mark_hit(c, s, at, pf->column, pf->width, text, len, right);
	}
}

static void draw_header(struct canvas *c, const struct scene *s, const struct plan *p)
{
	const struct ui *ui = s->ui;
	const struct ui_sort *sort = &ui->sort[ui->page];

	canvas_put(c, p->header, 0, p->table_columns, "", 0, false, INK_BOLD);
	for (int i = 0; i < p->fields; i++) {
		const struct plan_field *pf = &p->field[i];
		const struct field *field = &ui->fields[ui->page].field[pf->field];
		char buf[COLUMN_TITLE_SIZE];
		const char *title = field_title(field, ui->totals, buf);
		bool is_sorted = pf->field == sort->field && !ui->is_held;
		bool right = field->width > 0;
		int width = (int)strlen(title), at = pf->column;

		if (right && width < pf->width)
			at += pf->width - width;
		canvas_put(c, p->header, pf->column, pf->width, title, (size_t)width, right,
			   INK_BOLD | (is_sorted ? INK_REVERSE : 0));
		/* The sign stands beside the title, where there is a blank. */
		if (is_sorted)
			canvas_put(c, p->header,
				   at + width < p->table_columns ? at + width : at - 1, 1,
				   sort->ascending ? "^" : "v", 1, false, INK_BOLD | INK_REVERSE);
	}
}

void draw_table(struct canvas *c, struct scene *s, const struct plan *p)
{
	static struct trails trails;

	if (p->header >= 0)
		draw_header(c, s, p);
	if (p->lines <= 0)
		return;
	read_trails(&trails, s, p);
	for (int i = 0; i < p->lines; i++) {
		size_t at = s->ui->top_line + (size_t)i;
		const struct line *line = list_at(s->list, at);
		bool is_cursor = line && at == s->ui->cursor_line;

		if (!line)
			break;
		draw_line(c, s, p, &trails, p->first + i, line, is_cursor);
		if (is_cursor)
			c->cursor_row = p->first + i;
	}
	if (!s->list->count && p->lines > 1)
		canvas_text(c, p->first, 1,
			    s->list->flows_there ? "Nothing that the filter takes."
						 : "Nothing to show here yet.",
			    INK_DIM);
}
