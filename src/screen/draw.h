/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a drawing. */
#pragma once
#include "screen/scene.h"
#include "screen/trail.h"

void draw_table(struct canvas *c, struct scene *s, const struct plan *p);
void draw_detail(struct canvas *c, struct scene *s, const struct plan *p);
void draw_help(struct canvas *c, const struct scene *s);
void draw_columns(struct canvas *c, const struct scene *s);

/* What was said, and below it what was lost, and the keys that work here. */
void draw_foot(struct canvas *c, const struct scene *s, const struct plan *p);

/*
 * What the lines in sight sent in the last HISTORY_WIDTH intervals: read for all of them at once,
 * then made a text of, of the line in this place of the window, the first is 0.
 */
void draw_history_read(struct scene *s, const struct plan *p);
size_t draw_history(int place, bool ascii, char *buf);

/* Eight heights of a block, or of signs, into `buf`; the highest of `n` is `max`. */
size_t draw_spark(const struct trail_point *point, unsigned n, bool ascii, double max,
		  double (*value)(const struct trail_point *p), char *buf);
