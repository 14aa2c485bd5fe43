// SPDX-License-Identifier: BSD-2-Clause
/* The verdicts on connections and listeners that are there, as values of a label: each code once.
 */
#pragma once

struct rule;

#define VERDICT_CELLS 64

/* Filled by verdict_cells_fill(), NULL beyond the last. */
extern const char *verdict_codes[VERDICT_CELLS];
void verdict_cells_fill(void);

/* The number of the rule's code; VERDICT_CELLS if it has none. */
unsigned verdict_cell(const struct rule *rule);
