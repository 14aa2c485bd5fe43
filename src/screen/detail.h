/* SPDX-License-Identifier: BSD-2-Clause */
/* All that is known of one flow at the moment that is shown, as lines of text. */
#pragma once
#include <stddef.h>

#include "screen/scene.h"

#define DETAIL_LINES_MAX 1024
#define DETAIL_LINE_MAX 600
#define DETAIL_INDENT 13 /* of what goes on below */

struct detail_line {
	char text[DETAIL_LINE_MAX];
	unsigned ink;
};

struct detail {
	struct detail_line line[DETAIL_LINES_MAX];
	size_t count;
	int width;
	bool ascii;
};

/* Of the flow `track`, in lines of at most `width` columns. */
void detail_make(struct detail *d, struct scene *s, uint32_t track, int width);

/* A line; one that is too long goes on below, indented. */
void detail_say(struct detail *d, unsigned ink, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* `len` bytes of text as one line, so many columns to the right. */
void detail_line(struct detail *d, unsigned ink, const char *text, size_t len, int indent);

/* All columns, as --json has them. In detail_json.c. */
void detail_json(struct detail *d, struct scene *s, uint32_t track);

/* What it did in the last two minutes, as rows of heights. In detail_trail.c. */
void detail_trails(struct detail *d, struct scene *s, uint32_t track);

/* The verdict on it again, with its figures: as detail_say(). In detail_verdict.c. */
void detail_verdict(struct detail *d, struct scene *s, uint32_t track);
