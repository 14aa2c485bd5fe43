// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>

#include "screen/scene.h"

#define MARK 1 /* the column of the cursor's and the marks' sign */
/* Below these a window shows less, or nothing. */
#define SMALL_COLUMNS 40
#define SMALL_ROWS 8
#define LEAST_COLUMNS 20
#define LEAST_ROWS 3
/* From here on details have a place beside, or below, the table. */
#define BESIDE_COLUMNS 160
#define BELOW_ROWS 30
#define DETAIL_COLUMNS 78
#define DETAIL_ROWS 18
/* The first fields stay where they are when the others are scrolled. */
#define FIXED 2

static bool is_open(const struct ui *ui)
{
	return ui->over == OVER_DETAIL;
}

static void place_detail(struct plan *p, const struct ui *ui, int rows, int width, int below)
{
	if (!is_open(ui) || p->is_tiny)
		return;
	p->detail_rows = below;
	p->detail_columns = width;
	p->detail_row = p->header;
	if (width >= BESIDE_COLUMNS) {
		p->detail_columns = DETAIL_COLUMNS;
		p->detail_column = width - DETAIL_COLUMNS;
		p->table_columns = p->detail_column - 1;
		p->detail_rows = below + 1;
	} else if (rows >= BELOW_ROWS) {
		p->detail_rows = DETAIL_ROWS;
		p->lines = below - DETAIL_ROWS;
		p->detail_row = p->first + p->lines;
	} else {
		p->detail_rows = below + 1;
		p->lines = 0;
		p->header = -1;
	}
}

static int width_of(const struct field *f)
{
	return abs(f->width);
}

/* One that another says better is not shown beside it. */
static bool is_said(const struct fields *f, const bool *shown, size_t i)
{
	int other = f->field[i].until ? fields_find(f, f->field[i].until) : -1;

	return other >= 0 && shown[other];
}

static int sum(const struct fields *f, const bool *shown)
{
	int width = MARK;

	for (size_t i = 0; i < f->count; i++)
		if (shown[i] && !is_said(f, shown, i))
			width += width_of(&f->field[i]) + 1;
	return width - 1;
}

/* What was scrolled away is gone, whatever room there is. */
static void scroll(const struct ui *ui, const struct fields *f, bool *shown)
{
	for (size_t i = FIXED, skip = ui->skip_columns; i + 1 < f->count && skip; i++, skip--)
		shown[i] = false;
}

static void leave(const struct fields *f, bool *shown, int room)
{
	for (unsigned order = 1; order < UINT8_MAX && sum(f, shown) > room; order++)
		for (size_t i = f->count; i-- && sum(f, shown) > room;)
			if (f->field[i].leaves == order)
				shown[i] = false;
}

/* Room that is left goes to the texts that can use it, half of it to each but the last. */
static int grow(const struct field *f, int *left)
{
	int width = width_of(f), wanted = f->width_max - width;

	if (wanted <= 0 || *left <= 0)
		return width;
	if (wanted > *left)
		wanted = *left;
	*left -= wanted;
	return width + wanted;
}

static void place_fields(struct plan *p, const struct ui *ui)
{
	const struct fields *f = &ui->fields[ui->page];
	bool shown[FIELDS_MAX];
	int column = MARK, left;

	for (size_t i = 0; i < f->count; i++)
		shown[i] = true;
	scroll(ui, f, shown);
	/* After scrolling the ones that follow come into sight in their order. */
	leave(f, shown, p->table_columns);
	left = p->table_columns - sum(f, shown);
	for (size_t i = 0; i < f->count; i++) {
		int width;

		if (!shown[i] || is_said(f, shown, i))
			continue;
		width = grow(&f->field[i], &left);
		if (column >= p->table_columns)
			break;
		if (column + width > p->table_columns)
			width = p->table_columns - column;
		p->field[p->fields++] =
			(struct plan_field){.field = (int)i, .column = column, .width = width};
		column += width + 1;
	}
}

void plan_make(struct plan *p, const struct ui *ui, int rows, int width)
{
	bool has_line = ui->where[0] || ui->prompt != PROMPT_NONE;
	int below;

	*p = (struct plan){.table_columns = width};
	p->is_too_small = width < LEAST_COLUMNS || rows < LEAST_ROWS;
	p->is_tiny = width < SMALL_COLUMNS || rows < SMALL_ROWS;
	if (p->is_too_small)
		return;
	p->header = p->is_tiny && ui->prompt == PROMPT_NONE ? 1 : has_line ? 2 : 1;
	p->first = p->header + 1;
	below = rows - p->first - !p->is_tiny;
	if (below < 0)
		below = 0;
	p->lines = below;
	place_detail(p, ui, rows, width, below);
	place_fields(p, ui);
}

void plan_settle(struct ui *ui, struct list *list, const struct plan *p)
{
	size_t lines = p->lines > 0 ? (size_t)p->lines : 1, at;
	const struct line *line;

	at = ui->cursor_key ? list_find(list, ui->cursor_key, ui->cursor_is_group) : SIZE_MAX;
	if (at != SIZE_MAX)
		ui->cursor_line = at;
	if (list->count && ui->cursor_line >= list->count)
		ui->cursor_line = list->count - 1;
	if (!list->count)
		ui->cursor_line = 0;
	if (ui->cursor_line < ui->top_line)
		ui->top_line = ui->cursor_line;
	if (ui->cursor_line >= ui->top_line + lines)
		ui->top_line = ui->cursor_line - lines + 1;
	if (ui->top_line + lines > list->count)
		ui->top_line = list->count > lines ? list->count - lines : 0;
	list_order(list, ui->top_line, ui->top_line + lines);
	line = list_at(list, ui->cursor_line);
	/* Who was followed and is gone leaves the cursor on the line where it was. */
	if (line && ui->cursor_key && at == SIZE_MAX) {
		ui->cursor_key = list_key(list, line);
		ui->cursor_is_group = line->kind == LINE_GROUP;
	}
}
