/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a screen looks like, as a grid of cells: drawing writes into it, a terminal shows it, a test
 * compares it. Nothing that is drawn can leave its cell.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

/* What a cell means; the terminal makes attributes and colours of it. */
enum ink {
	INK_BOLD = 1,
	INK_DIM = 2,
	INK_REVERSE = 4,
	INK_UNDERLINE = 8,
	INK_RED = 16,
	INK_YELLOW = 32,
	INK_ACCENT = 64,
};

#define CELL_MARKS 2 /* combining characters that a cell shows, at most */

struct cell_of {
	wchar_t character; /* 0: the right half of a wide one */
	wchar_t mark[CELL_MARKS];
	uint8_t ink;
};

struct canvas {
	struct cell_of *cell;
	int rows, columns;
	int cursor_row, cursor_column;
	bool ascii; /* what is not becomes ?, and no blocks are drawn */
};

void canvas_init(struct canvas *c, int rows, int columns);
void canvas_done(struct canvas *c);

/* All cells empty. */
void canvas_clear(struct canvas *c);

/*
 * Write `len` bytes of UTF-8, which need not be clean, into `width` columns from `column` on: cut
 * at whole characters, filled up with blanks. `right` puts it at the right end of them.
 */
void canvas_put(struct canvas *c, int row, int column, int width, const char *text, size_t len,
		bool right, unsigned ink);

/* A whole text where it fits; returns the columns that it took. */
int canvas_text(struct canvas *c, int row, int column, const char *text, unsigned ink);

/* Add ink to `width` cells. */
void canvas_ink(struct canvas *c, int row, int column, int width, unsigned ink);

/* The columns that a text takes. */
int canvas_width(const struct canvas *c, const char *text, size_t len);
