// SPDX-License-Identifier: BSD-2-Clause
#include "view/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void section_set(struct section *section, const struct cell *cells, size_t count)
{
	for (size_t i = 0; i < count && section->count < LAYOUT_CELLS_MAX; i++) {
		const struct column *c = column_find(cells[i].column, strlen(cells[i].column));
		struct cell cell = cells[i];

		if (!cell.title)
			cell.title = column_title(c, section->title[section->count]);
		cell.width = cell.width == CELL_BARE ? 0 : cell.width ? cell.width : c->width;
		section->column[section->count] = c;
		section->key_len[section->count] = (uint8_t)snprintf(
			section->key[section->count], LAYOUT_KEY_SIZE, ",\"%s\":", c->name);
		section->cell[section->count++] = cell;
	}
}

int section_parse(struct section *section, const char *list, size_t *ret_at)
{
	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ",");
		const struct column *c = column_find(p, len);
		struct cell cell;

		if (!c || section->count == LAYOUT_CELLS_MAX) {
			*ret_at = (size_t)(p - list);
			return c ? -E2BIG : -EINVAL;
		}
		cell = (struct cell){.column = c->name, .width = p[len] ? 0 : CELL_BARE};
		/* The last column needs no padding, unless it is a number. */
		if (c->width > 0)
			cell.width = c->width;
		section_set(section, &cell, 1);
		p += len;
		if (!*p)
			return 0;
	}
}

unsigned layout_needs(const struct layout *layout)
{
	unsigned all = 0;

	for (int n = 0; n < LAYOUT_SECTIONS; n++)
		for (size_t i = 0; i < layout->section[n].count; i++)
			all |= layout->section[n].column[i]->needs;
	return all;
}
