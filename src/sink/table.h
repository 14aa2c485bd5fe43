// SPDX-License-Identifier: BSD-2-Clause
/* The seed tools' text tables. Also drawn by the screen sink. */
#pragma once

struct row;
struct view;

void table_begin(struct view *view);
void table_tick_begin(struct view *view);
void table_tick_end(struct view *view);
void table_row(struct view *view, const struct row *row);
