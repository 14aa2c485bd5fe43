// SPDX-License-Identifier: BSD-2-Clause
/* By what flows are summed up: process, unit, remote address, ... Used by `top --by`, `stat index=`. */
#pragma once
#include "view/view.h"

/* Set the grouping of a view; `by` is one of its words. Texts are constants. */
void group_by_set(const char *by, struct view *view);

/* The columns that name a group, as a list. */
const char *group_by_key_columns(const char *by);

/* The same as cells of a table. */
void group_by_key_cells(const char *by, struct section *section);

/* What --json and --csv show of a group of `top`. */
const char *group_by_columns(const char *by);

/* The same for a table. */
void group_by_layout(const char *by, struct section *section);

/* A table of how many flows each group has. */
void group_by_count_layout(const char *by, struct section *section);
