// SPDX-License-Identifier: BSD-2-Clause
/* The consumer of `history`: what flows did over a span of time, summed up; and compared with another. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/usage.h"

struct consumer;
struct view;

/* The options of `history`: question.own. */
struct history_options {
	const char *by;
	const char *against; /* as typed; NULL: nothing is compared */
	int64_t back_us;     /* the other span begins so long before this one; 0: `against` is a time */
	bool all;	     /* rows that did not change, too */
};

/* For struct report.wrap: `view` shows what `c` finds. */
int history_wrap(struct consumer *c, struct view *view, struct usage_error *error);
