// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/verdict_cells.h"

#include <stddef.h>
#include <string.h>

#include "verdict/verdict.h"

const char *verdict_codes[VERDICT_CELLS];

unsigned verdict_cell(const struct rule *rule)
{
	for (unsigned i = 0; i < VERDICT_CELLS && verdict_codes[i]; i++)
		if (verdict_codes[i] == rule->code || !strcmp(verdict_codes[i], rule->code))
			return i;
	return VERDICT_CELLS;
}

static void fill(const struct rule_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		unsigned n = 0;

		if (verdict_cell(&table->rule[i]) < VERDICT_CELLS)
			continue;
		while (n < VERDICT_CELLS && verdict_codes[n])
			n++;
		if (n < VERDICT_CELLS)
			verdict_codes[n] = table->rule[i].code;
	}
}

void verdict_cells_fill(void)
{
	fill(&rule_live);
	fill(&rule_listener);
}
