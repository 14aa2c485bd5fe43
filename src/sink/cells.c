// SPDX-License-Identifier: BSD-2-Clause
#include "sink/cells.h"

#include "engine/value.h"
#include "view/view.h"
#include "util/out.h"

void cells_put(struct out *out, const struct section *section, const struct row *row, char between,
	       void (*put)(struct out *out, const char *text, size_t len, bool is_ours,
			   const struct cell *cell))
{
	char buf[VALUE_TEXT_MAX];

	for (size_t i = 0; i < section->count; i++) {
		struct value v = section->column[i]->get(row);
		const char *text;
		size_t len = value_format(&v, buf, &text);

		if (i)
			out_char(out, between);
		put(out, text, len, text == buf, &section->cell[i]);
	}
	out_char(out, '\n');
}
