// SPDX-License-Identifier: BSD-2-Clause
#include "sink/cells.h"

#include "engine/value.h"
#include "view/view.h"
#include "util/out.h"

void cells_put(struct out *out, const struct section *section, const struct row *row, char between,
	       void (*put)(struct out *out, const char *text, size_t len, const struct cell *cell))
{
	char buf[VALUE_TEXT_MAX];

	for (size_t i = 0; i < section->count; i++) {
		struct value v = section->column[i]->get(row);
		const char *text;
		size_t len = value_format(&v, buf, &text);

		if (i)
			out_char(out, between);
		put(out, text, len, &section->cell[i]);
	}
	out_char(out, '\n');
}

void cells_clean(char *ret, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ret[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
}

void cells_put_clean(struct out *out, const char *text, size_t len)
{
	char clean[256];

	for (size_t part; len; text += part, len -= part) {
		part = len < sizeof(clean) ? len : sizeof(clean);
		cells_clean(clean, text, part);
		out_mem(out, clean, part);
	}
}
