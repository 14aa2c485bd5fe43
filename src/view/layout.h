// SPDX-License-Identifier: BSD-2-Clause
/* How rows become text: which columns, under which titles, in which widths. Set by a report. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/column.h"

struct out;
struct view;

/* One column as a layout shows it; NULL and 0 mean: as in the column table. */
struct cell {
	const char *column;
	int width;	   /* negative: left-aligned; CELL_BARE: no padding */
	const char *title;
	unsigned cut;	   /* show at most so many characters */
};

#define CELL_BARE 1000
#define LAYOUT_CELLS_MAX 160
/* The longest name of a column has 19 characters; a size that is copied whole needs no loop. */
#define LAYOUT_KEY_SIZE 32
#define LAYOUT_SECTIONS 2

/* For `-o` one section, for the seed's layout perhaps one per family. */
struct section {
	const struct column *column[LAYOUT_CELLS_MAX];
	struct cell cell[LAYOUT_CELLS_MAX];
	char key[LAYOUT_CELLS_MAX][LAYOUT_KEY_SIZE]; /* ,"name": of JSON, and what is in no name */
	uint8_t key_len[LAYOUT_CELLS_MAX];
	char title[LAYOUT_CELLS_MAX][COLUMN_TITLE_SIZE]; /* that are no constants */
	size_t count;
};

struct layout {
	struct section section[LAYOUT_SECTIONS]; /* [0] all or IPv4, [1] IPv6 */
	bool section_per_family;
	bool header_per_tick;
	bool no_header;	  /* of a table */
	bool csv_titles;  /* the header of CSV has titles, not names */
	bool blocks;	  /* text is a block per row, not a line */
	bool zeros;	  /* of blocks: show counters that are 0, too */
	bool own_columns; /* they were chosen with -o, --json or --csv */
	bool rolls;	  /* never redrawn in place */
	/* What a table prints once before all, and before the rows of each tick; may be NULL. */
	void (*opening)(const struct view *view, struct out *out);
	void (*heading)(const struct view *view, struct out *out);
	void (*footing)(const struct view *view, struct out *out); /* after them; may be NULL */
	unsigned heading_syscalls; /* enum syscalls */
};

/* Set the columns of a section. */
void section_set(struct section *section, const struct cell *cells, size_t count);

/*
 * Set them from a list such as "pid,comm,tx_bytes". Returns 0; -EINVAL and the offset of the name
 * that is no column; or -E2BIG and the offset of the first that is too many.
 */
int section_parse(struct section *section, const char *list, size_t *ret_at);

/* Of all sections: enum column_need. */
unsigned layout_needs(const struct layout *layout);
