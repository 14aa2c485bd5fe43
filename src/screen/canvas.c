// SPDX-License-Identifier: BSD-2-Clause
#include "screen/canvas.h"

#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"
#include "util/xalloc.h"

#define ASCII_END 0x7f
#define TEXT_MAX 4096

void canvas_init(struct canvas *c, int rows, int columns)
{
	bool ascii = c->ascii;

	free(c->cell);
	*c = (struct canvas){.rows = rows, .columns = columns, .ascii = ascii};
	c->cell = xcalloc((size_t)rows * (size_t)columns, sizeof(*c->cell));
	canvas_clear(c);
}

void canvas_done(struct canvas *c)
{
	free(c->cell);
	*c = (struct canvas){0};
}

void canvas_clear(struct canvas *c)
{
	size_t count = (size_t)c->rows * (size_t)c->columns;

	memset(c->cell, 0, count * sizeof(*c->cell));
	for (size_t i = 0; i < count; i++)
		c->cell[i].character = ' ';
	c->cursor_row = c->cursor_column = 0;
}

static struct cell_of *cell_at(struct canvas *c, int row, int column)
{
	if (row < 0 || row >= c->rows || column < 0 || column >= c->columns)
		return NULL;
	return &c->cell[(size_t)row * (size_t)c->columns + (size_t)column];
}

/* The next character as it is shown, and its columns; 0 columns: it sits on the one before. */
static wchar_t next(const struct canvas *c, const char *text, size_t len, size_t *at,
		    int *ret_columns)
{
	uint32_t character = 0;
	size_t n = utf8_decode(text + *at, len - *at, &character);
	int columns;

	*at += n ? n : 1;
	*ret_columns = 1;
	if (!n || !utf8_is_harmless(character) || (c->ascii && character >= ASCII_END))
		return '?';
	if (character < ASCII_END)
		return (wchar_t)character;
	columns = wcwidth((wchar_t)character);
	if (columns < 0)
		return '?';
	*ret_columns = columns;
	return (wchar_t)character;
}

int canvas_width(const struct canvas *c, const char *text, size_t len)
{
	int width = 0, columns;

	for (size_t at = 0; at < len;) {
		next(c, text, len, &at, &columns);
		width += columns;
	}
	return width;
}

static void put_mark(struct cell_of *cell, wchar_t mark)
{
	for (int i = 0; cell && i < CELL_MARKS; i++)
		if (!cell->mark[i]) {
			cell->mark[i] = mark;
			return;
		}
}

/* Returns the columns that are used. */
static int put(struct canvas *c, int row, int column, int width, const char *text, size_t len,
	       unsigned ink)
{
	struct cell_of *last = NULL;
	int used = 0;

	for (size_t at = 0; at < len;) {
		int columns;
		wchar_t character = next(c, text, len, &at, &columns);
		struct cell_of *cell = cell_at(c, row, column + used);

		if (!columns && last && !last->mark[CELL_MARKS - 1]) {
			put_mark(last, character);
			continue;
		}
		/* A mark without anything that it could sit on. */
		if (!columns) {
			character = '?';
			columns = 1;
		}
		if (used + columns > width || !cell || column + used + columns > c->columns)
			break;
		*cell = (struct cell_of){.character = character, .ink = (uint8_t)ink};
		if (columns == 2)
			cell[1] = (struct cell_of){.ink = (uint8_t)ink};
		last = cell;
		used += columns;
	}
	return used;
}

static void fill(struct canvas *c, int row, int column, int width, unsigned ink)
{
	for (int i = 0; i < width; i++) {
		struct cell_of *cell = cell_at(c, row, column + i);

		if (cell)
			*cell = (struct cell_of){.character = ' ', .ink = (uint8_t)ink};
	}
}

void canvas_put(struct canvas *c, int row, int column, int width, const char *text, size_t len,
		bool right, unsigned ink)
{
	int used;

	if (len > TEXT_MAX)
		len = TEXT_MAX;
	fill(c, row, column, width, ink);
	used = right ? canvas_width(c, text, len) : 0;
	put(c, row, right && used < width ? column + width - used : column, width, text, len, ink);
}

int canvas_text(struct canvas *c, int row, int column, const char *text, unsigned ink)
{
	return put(c, row, column, c->columns, text, strlen(text), ink);
}

void canvas_ink(struct canvas *c, int row, int column, int width, unsigned ink)
{
	for (int i = 0; i < width; i++) {
		struct cell_of *cell = cell_at(c, row, column + i);

		if (cell)
			cell->ink |= (uint8_t)ink;
	}
}
