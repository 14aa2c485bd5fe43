// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct cell;
struct out;
struct row;
struct section;

/*
 * A row as one line: of each column of the section its text, given to `put` (for the call only),
 * with `between` between two. `is_ours`: nobody else has written it, a number or an address.
 */
void cells_put(struct out *out, const struct section *section, const struct row *row, char between,
	       void (*put)(struct out *out, const char *text, size_t len, bool is_ours,
			   const struct cell *cell));
