/* SPDX-License-Identifier: BSD-2-Clause */
/* By what lines are put in order, and how. */
#pragma once
#include <stddef.h>

#include "screen/lines.h"

/* Before the lines of a list are made: by what they are ordered. */
void order_begin(struct list *l);

/* Set what the line is ordered by. */
void order_key(struct list *l, struct line *line);

/* Which place the line at `i` belongs into. */
size_t order_place(const struct list *l, size_t i);

/* Put the lines [from, to) of all in order, and the others on their right side of them. */
void order_window(const struct list *l, size_t from, size_t to);

/* Put `count` lines in order, all of them. */
void order_all(const struct list *l, struct line *line, size_t count);
