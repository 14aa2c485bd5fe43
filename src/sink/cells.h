// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include <stddef.h>

struct cell;
struct out;
struct row;
struct section;

/*
 * A row as one line: of each column of the section its text, given to `put` (for the call only),
 * with `between` between two.
 */
void cells_put(struct out *out, const struct section *section, const struct row *row, char between,
	       void (*put)(struct out *out, const char *text, size_t len, const struct cell *cell));
