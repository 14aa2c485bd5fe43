/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which lines a table has, in what order: from the tracks of a moment and what the user chose. Of
 * lines that are not grouped only those within a window are put in order, so that a drawing costs
 * no full sort.
 */
#pragma once
#include "screen/lines.h"

void list_init(struct list *l, uint32_t tracks_max);
void list_done(struct list *l);

/* Find and count the lines. */
void list_make(struct list *l);

/* Put the lines [from, to) in order; what lies before them is less, what lies behind more. */
void list_order(struct list *l, size_t from, size_t to);

/* The line in place `i`, which is put in order if it is not. NULL: there is none. */
const struct line *list_at(struct list *l, size_t i);

/* Where the flow or group of this key is; SIZE_MAX: nowhere. */
size_t list_find(struct list *l, uint64_t key, bool is_group);

/* Hold the present order, or let it go. */
void list_hold(struct list *l, bool hold);

/* The key that the cursor remembers a line by. */
uint64_t list_key(const struct list *l, const struct line *line);
