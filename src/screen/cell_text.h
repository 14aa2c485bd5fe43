/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of one cell of the table, as it is shown. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "screen/scene.h"

#define CELL_TEXT_MAX 4096

/*
 * Of the row that `line` is, in `field`. `buf` has room for CELL_TEXT_MAX bytes; `*ret_text` is
 * there, or borrowed from the row. Returns the length. A LOOK_HISTORY is none: see draw_table.c.
 */
size_t cell_text(const struct scene *s, const struct line *line, const struct row *row,
		 const struct field *field, int width, char *buf, const char **ret_text);

/* The row of a line, until the next is made. */
void cell_row(struct scene *s, const struct line *line, struct row *ret);
