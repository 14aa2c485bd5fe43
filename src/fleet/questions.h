// SPDX-License-Identifier: BSD-2-Clause
/*
 * Questions that a server answers by itself, over all hosts of a span. doc/fleet.md has them as SQL
 * for people; what they cost is there too.
 */
#pragma once
#include "fleet/ask.h"
#include "fleet/options.h"

/* The query, whose answer has named columns; `rows` is how many at most. */
void fleet_question_sql(const struct fleet_ask *a, const struct fleet_options *o, uint64_t rows,
			struct sql *q);
