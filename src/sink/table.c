// SPDX-License-Identifier: BSD-2-Clause
#include "sink/table.h"

#include "view/sink.h"
#include "engine/value.h"
#include "view/view.h"
#include "sink/cells.h"
#include "util/out.h"
#include "util/utf8.h"

static void put_header(struct view *view, const struct section *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const char *title = s->cell[i].title;

		if (i)
			out_char(view->out, ' ');
		out_field(view->out, title, __builtin_strlen(title), s->cell[i].width);
	}
	out_char(view->out, '\n');
}

void table_begin(struct view *view)
{
	if (view->layout.opening)
		view->layout.opening(view, view->out);
	if (!view->layout.header_per_tick && !view->layout.no_header)
		put_header(view, &view->layout.section[0]);
}

void table_tick_begin(struct view *view)
{
	if (view->layout.heading)
		view->layout.heading(view, view->out);
}

void table_tick_end(struct view *view)
{
	(void)view;
}

/* The section of a row, with its header before the first row; the IPv6 one after an empty line. */
static const struct section *enter_section(struct view *view, const struct row *row)
{
	int n = view->layout.section_per_family && row->ident && !addr_is_v4(&row->ident->raddr);

	if (view->layout.header_per_tick && !view->layout.no_header && n != view->section_now) {
		if (n)
			out_char(view->out, '\n');
		put_header(view, &view->layout.section[n]);
		view->section_now = n;
	}
	return &view->layout.section[n];
}

/* The path of a cgroup is the longest. */
#define TEXT_MAX 4096

static void put_text(struct out *out, const char *text, size_t len, bool is_ours,
		     const struct cell *cell)
{
	size_t limit = cell->cut ? cell->cut : SIZE_MAX;
	char clean[TEXT_MAX];

	if (is_ours || utf8_plain_length(text, len) == len) {
		out_field(out, text, len < limit ? len : limit, cell->width);
		return;
	}
	len = utf8_clean(clean, sizeof(clean), text, len, limit);
	out_field(out, clean, len, cell->width);
}

void table_row(struct view *view, const struct row *row)
{
	cells_put(view->out, enter_section(view, row), row, ' ', put_text);
}

static void table_end(struct view *view, const struct account *account)
{
	(void)view;
	(void)account;
}

const struct sink sink_table = {
	.name = "table",
	.summary = "text for people, in the layout of the tool that it replaces",
	.begin = table_begin,
	.tick_begin = table_tick_begin,
	.tick_end = table_tick_end,
	.row = table_row,
	.end = table_end,
};
