// SPDX-License-Identifier: BSD-2-Clause
/* What covers the table: the keys, the list of columns. */
#include <stdio.h>
#include <string.h>

#include "screen/draw.h"
#include "screen/human.h"
#include "screen/keys.h"

#define NAMES_WIDTH 14
#define HEAD 1 /* line under the state */
#define HELP_LINES 3

static void clear_below(struct canvas *c, int from)
{
	for (int row = from; row < c->rows - 1; row++)
		canvas_put(c, row, 0, c->columns, "", 0, false, 0);
}

void draw_help(struct canvas *c, const struct scene *s)
{
	const char *search = s->ui->search;
	int row = HEAD + 1, room;

	clear_below(c, HEAD);
	canvas_text(c, HEAD, 0, "Keys", INK_BOLD);
	canvas_text(c, HEAD, 6, "as in tcpsight-top(8)", 0);
	c->cursor_row = HEAD;
	room = c->columns - NAMES_WIDTH - 1;
	for (size_t i = s->ui->help_top; i < key_def_count && row < c->rows - 1; i++) {
		const struct key_def *k = &key_defs[i];
		const char *text = k->help;

		canvas_put(c, row, 1, NAMES_WIDTH, k->names, strlen(k->names), false,
			   search[0] && (ui_find(text, search) || ui_find(k->names, search))
				   ? INK_UNDERLINE
				   : INK_BOLD);
		/* What does not fit goes on below, cut between words. */
		do {
			size_t cut = human_fit(text, room);

			canvas_put(c, row++, NAMES_WIDTH + 1, room, text, cut, false, 0);
			text += cut + (text[cut] == ' ');
		} while (*text && row < c->rows - 1 && room > 0);
	}
}

void draw_columns(struct canvas *c, const struct scene *s)
{
	const struct ui *ui = s->ui;
	/* Below stands all that is to be said of the one that is chosen. */
	const char *help = columns[ui->choice].help;
	int lines = c->rows - HEAD - 2 - HELP_LINES;
	size_t top =
		lines > 0 && ui->choice >= (unsigned)lines ? ui->choice - (unsigned)lines + 1 : 0;

	clear_below(c, HEAD);
	canvas_text(c, HEAD, 0, "Columns", INK_BOLD);
	canvas_text(c, HEAD, 9, "those with an x are shown", 0);
	for (int i = 0; i < lines && top + (size_t)i < column_count; i++) {
		const struct column *column = &columns[top + (size_t)i];
		bool is_cursor = top + (size_t)i == ui->choice;
		unsigned ink = is_cursor ? INK_REVERSE : 0;
		int row = HEAD + 1 + i;

		canvas_put(c, row, 0, c->columns, "", 0, false, ink);
		canvas_text(c, row, 1,
			    fields_find(&ui->fields[ui->page], column->name) >= 0 ? "[x]" : "[ ]",
			    ink);
		canvas_put(c, row, 5, 20, column->name, strlen(column->name), false, ink);
		canvas_put(c, row, 26, c->columns - 26, column->help, strlen(column->help), false,
			   ink);
		if (is_cursor)
			c->cursor_row = row;
	}
	for (int i = 0; i < HELP_LINES && lines > 0; i++) {
		size_t len = human_fit(help, c->columns - 1);

		canvas_put(c, c->rows - 1 - HELP_LINES + i, 0, c->columns, "", 0, false, 0);
		canvas_put(c, c->rows - 1 - HELP_LINES + i, 1, c->columns - 1, help, len, false, INK_BOLD);
		help += len + (help[len] == ' ');
	}
}
