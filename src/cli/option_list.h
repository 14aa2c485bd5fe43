// SPDX-License-Identifier: BSD-2-Clause
/* All options of a report: its own, then those of all reports that it does not replace or leave
 * out. */
#pragma once
#include <stddef.h>

#include "engine/option.h"

struct report;

#define OPTIONS_MAX 96

struct option_list {
	const struct option_def *def[OPTIONS_MAX];
	size_t count;
	struct option_def unlettered[OPTIONS_MAX]; /* whose letter the report uses otherwise */
	size_t unlettered_count;
};

/* Fill `ret` (zeroed by the caller), which must stay where it is: it points into itself. */
void option_list_of(const struct report *report, struct option_list *ret);
