// SPDX-License-Identifier: BSD-2-Clause
#include "screen/draw.h"

#include <string.h>
#include <strings.h>

#include "screen/cell_text.h"

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
	hit = ui_find(cell, search);
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

static void draw_line(struct canvas *c, struct scene *s, const struct plan *p, int at,
		      const struct line *line, bool is_cursor)
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
			len = draw_history(at - p->first, c->ascii, buf);
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
	if (p->header >= 0)
		draw_header(c, s, p);
	if (p->lines <= 0)
		return;
	draw_history_read(s, p);
	for (int i = 0; i < p->lines; i++) {
		size_t at = s->ui->top_line + (size_t)i;
		const struct line *line = list_at(s->list, at);
		bool is_cursor = line && at == s->ui->cursor_line;

		if (!line)
			break;
		draw_line(c, s, p, p->first + i, line, is_cursor);
		if (is_cursor)
			c->cursor_row = p->first + i;
	}
	if (!s->list->count && p->lines > 1)
		canvas_text(c, p->first, 1,
			    s->list->flows_there ? "Nothing that the filter takes."
						 : "Nothing to show here yet.",
			    INK_DIM);
}
