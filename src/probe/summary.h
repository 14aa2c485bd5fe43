// SPDX-License-Identifier: BSD-2-Clause
/* A survey in one sentence or two. */
#pragma once

struct survey;

/*
 * What works in full, what in part and what not at all, and what would mend it. One line without its
 * end. Gives; free().
 */
char *summary_text(const struct survey *s);
