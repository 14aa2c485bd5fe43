// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every column once: name (also the JSON key), title, unit, width, help, what it needs, getter.
 * Tables, CSV, JSON, --sort, -o help and the manual all come from this table.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "engine/names.h"
#include "engine/needs.h"
#include "engine/row.h"
#include "engine/value.h"

struct column {
	const char *name;
	const char *title; /* of a table; NULL: the name in capitals, see column_title() */
	const char *unit;  /* "" if it has none */
	const char *help;
	int width; /* of a table; negative: left-aligned */
	unsigned needs;
	struct value (*get)(const struct row *row);
};

extern const struct column columns[];
extern const size_t column_count;

/* NULL if there is no such column. */
const struct column *column_find(const char *name, size_t name_len);

/* Its title into `buf` of COLUMN_TITLE_SIZE bytes, unless it is a constant. */
#define COLUMN_TITLE_SIZE 32
const char *column_title(const struct column *column, char *buf);

/* The column whose name is nearest to a misspelt one, or NULL. */
const struct column *column_nearest(const char *name);
