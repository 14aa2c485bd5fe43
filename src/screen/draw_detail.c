// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "screen/detail.h"
#include "screen/draw.h"

void draw_detail(struct canvas *c, struct scene *s, const struct plan *p)
{
	static struct detail detail;
	const struct line *line = list_at(s->list, s->ui->cursor_line);
	size_t top = s->ui->detail_top;
	int from = p->detail_row;

	if (p->detail_column)
		for (int row = from; row < from + p->detail_rows; row++)
			canvas_put(c, row, p->detail_column - 1, 1, "|", 1, false, INK_DIM);
	for (int row = from; row < from + p->detail_rows; row++)
		canvas_put(c, row, p->detail_column, p->detail_columns, "", 0, false, 0);
	if (!line || line->kind == LINE_GROUP) {
		canvas_put(c, from, p->detail_column, p->detail_columns, "No flow here.", 13, false,
			   INK_DIM);
		return;
	}
	detail.ascii = c->ascii;
	detail_make(&detail, s, line->index, p->detail_columns - 1);
	if (top + 1 > detail.count)
		top = detail.count - 1;
	for (int i = 0; i < p->detail_rows && top + (size_t)i < detail.count; i++) {
		const struct detail_line *one = &detail.line[top + (size_t)i];

		canvas_put(c, from + i, p->detail_column, p->detail_columns, one->text,
			   strlen(one->text), false, one->ink);
	}
	if (p->lines <= 0)
		c->cursor_row = from;
}
