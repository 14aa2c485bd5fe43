/* SPDX-License-Identifier: BSD-2-Clause */
/* The columns of a page: those of engine/column.c, and how they look on a screen. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/column.h"

enum look {
	LOOK_PLAIN,
	LOOK_RATE, /* bytes of an interval, by its seconds; or their sum */
	LOOK_BYTES,
	LOOK_MS,      /* microseconds */
	LOOK_AGE,     /* microseconds */
	LOOK_ADDRESS, /* cut in its middle */
	LOOK_HISTORY, /* of the bytes sent, as a line of blocks */
};

struct field {
	const struct column *column;
	const char *title; /* of an interval; NULL: the column's own */
	int width;	   /* at least; negative: left-aligned */
	int width_max;	   /* what it grows to where there is room; 0: it does not */
	enum look look;
	uint8_t leaves;	   /* in which order it leaves where room is short; 0: it stays */
	const char *until; /* it leaves for good once this column has its width */
};

#define FIELDS_MAX 64
#define HISTORY_WIDTH 16

struct fields {
	struct field field[FIELDS_MAX];
	size_t count;
};

/* Those of a page, in enum page's order. */
void fields_default(struct fields *f, unsigned page);

/* A list such as "pid,comm,rx_bytes". Its names are known to be right. */
void fields_parse(struct fields *f, const char *list);

/* Add or remove a column. Returns false if there is no room for it. */
bool fields_toggle(struct fields *f, const struct column *column);

/* Does one of them need any of these (enum column_need)? */
bool fields_need(const struct fields *f, unsigned needs);

/* Where a column is, or -1. */
int fields_find(const struct fields *f, const char *name);

/* The title, as the present looks of it want it; `buf` of COLUMN_TITLE_SIZE bytes. */
const char *field_title(const struct field *f, bool totals, char *buf);
