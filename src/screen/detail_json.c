// SPDX-License-Identifier: BSD-2-Clause
/* A flow as an object of JSON, cut into lines between its members. */
#include <stdlib.h>
#include <string.h>

#include "engine/column.h"
#include "screen/cell_text.h"
#include "screen/detail.h"
#include "util/out.h"
#include "view/json_row.h"

struct cut {
	struct detail *detail;
	char line[DETAIL_LINE_MAX];
	size_t used, width;
};

static void end_line(struct cut *c)
{
	if (c->used)
		detail_line(c->detail, 0, c->line, c->used, 0);
	c->used = 0;
}

/* What is longer than a line is cut anywhere, but in no character. */
static void put(struct cut *c, const char *text, size_t len)
{
	if (c->used + len > c->width)
		end_line(c);
	while (len) {
		size_t n = len < c->width - c->used ? len : c->width - c->used;

		while (n < len && n && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
		memcpy(c->line + c->used, text, n);
		c->used += n;
		text += n;
		len -= n;
		if (len)
			end_line(c);
	}
}

void detail_json(struct detail *d, struct scene *s, uint32_t track)
{
	const struct line line = {.index = track, .kind = LINE_FLOW};
	size_t most = DETAIL_LINE_MAX - 2, width = (size_t)d->width;
	struct cut cut = {.detail = d, .width = width < most ? width : most};
	struct out one;
	struct row row;
	size_t len;

	cell_row(s, &line, &row);
	out_init_memory(&one);
	for (size_t i = 0; i < column_count; i++) {
		/* Its comma belongs to the line before. */
		size_t comma = i != 0;

		one.used = 0;
		json_row_column(&one, &columns[i], &row, comma);
		out_char(&one, i + 1 < column_count ? ',' : '}');
		put(&cut, one.buf + comma, one.used - comma);
	}
	end_line(&cut);
	free(out_take(&one, &len));
}
