// SPDX-License-Identifier: BSD-2-Clause
/* Comma-separated values, RFC 4180: one header line, text quoted where it must be. */
#include <string.h>

#include "view/sink.h"
#include "view/view.h"
#include "sink/cells.h"
#include "util/out.h"

static void csv_begin(struct view *view)
{
	const struct section *s = &view->layout.section[0];

	for (size_t i = 0; i < s->count; i++) {
		if (i)
			out_char(view->out, ',');
		out_str(view->out, view->layout.csv_titles ? s->cell[i].title : s->column[i]->name);
	}
	out_char(view->out, '\n');
}

static void csv_tick(struct view *view)
{
	(void)view;
}

static void put_quoted(struct out *out, const char *text, size_t len)
{
	out_char(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			out_char(out, '"');
		out_char(out, text[i]);
	}
	out_char(out, '"');
}

static int needs_quotes(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr(",\"\r\n", text[i]))
			return 1;
	return 0;
}

static void put_text(struct out *out, const char *text, size_t len, const struct cell *cell)
{
	(void)cell;
	if (needs_quotes(text, len))
		put_quoted(out, text, len);
	else
		out_mem(out, text, len);
}

static void csv_row(struct view *view, const struct row *row)
{
	cells_put(view->out, &view->layout.section[0], row, ',', put_text);
}

static void csv_end(struct view *view, const struct account *account)
{
	(void)view;
	(void)account;
}

const struct sink sink_csv = {
	.name = "csv",
	.summary = "comma-separated values (RFC 4180), the column names first",
	.begin = csv_begin,
	.tick_begin = csv_tick,
	.tick_end = csv_tick,
	.row = csv_row,
	.end = csv_end,
};
