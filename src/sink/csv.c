// SPDX-License-Identifier: BSD-2-Clause
/*
 * Comma-separated values, RFC 4180: one header line, text quoted where it must be. Files of them
 * are looked at with cat, so names are shown as in a table; --json has them to the letter.
 */
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

static bool needs_quotes(const char *text, size_t len)
{
	return memchr(text, ',', len) || memchr(text, '"', len);
}

/* Line ends, which would need quotes too, are not among what can be shown. */
static void put_text(struct out *out, const char *text, size_t len, bool is_ours,
		     const struct cell *cell)
{
	const char *quote;
	bool quotes;

	(void)cell;
	if (is_ours) {
		out_mem(out, text, len);
		return;
	}
	quotes = needs_quotes(text, len);
	if (quotes)
		out_char(out, '"');
	while ((quote = memchr(text, '"', len))) {
		out_clean(out, text, (size_t)(quote - text));
		out_str(out, "\"\"");
		len -= (size_t)(quote - text) + 1;
		text = quote + 1;
	}
	out_clean(out, text, len);
	if (quotes)
		out_char(out, '"');
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
