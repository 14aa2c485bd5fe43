/* SPDX-License-Identifier: BSD-2-Clause */
/* All that a drawing looks at, and how the window is divided. Nothing else makes a screen. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "screen/canvas.h"
#include "screen/list.h"
#include "screen/row_of.h"
#include "screen/track.h"
#include "screen/ui.h"

struct journal;

/* What the run has lost so far. */
struct loss {
	bool is_known;
	uint64_t flows, missed, refused, undecoded;
};

struct scene {
	const struct ui *ui;
	struct list *list;
	const struct moment *moment;
	const struct journal *journal;
	struct view *view;
	struct loss loss;
	const char *what; /* host or file */
	double interval_s;
	uint64_t live, closed, listening;
	double rx_rate, tx_rate; /* bytes a second, of all flows */
	bool is_reading;	 /* a file, whose end is not reached yet */
	bool is_calm;		 /* nothing has changed: no seconds in the clock */
	struct row_maker maker;
};

/* Which fields stand where, and which lines belong to what. */
struct plan_field {
	int field, column, width;
};

struct plan {
	struct plan_field field[FIELDS_MAX];
	int fields;
	int table_columns;
	int header;	  /* line of the table's header; -1: none */
	int first, lines; /* of the table's rows */
	int detail_row, detail_column, detail_rows, detail_columns; /* 0 rows: none */
	bool is_tiny, is_too_small;
};

void plan_make(struct plan *p, const struct ui *ui, int rows, int width);

/* Scroll until the cursor is in sight, and put the cursor on a line that is there. */
void plan_settle(struct ui *ui, struct list *list, const struct plan *p);

/* Draw all of it. The list was made, the plan too, and both are settled. */
void draw(struct canvas *c, struct scene *s, const struct plan *p);
