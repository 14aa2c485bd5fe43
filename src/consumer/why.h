// SPDX-License-Identifier: BSD-2-Clause
/*
 * Watches for a while, judges all connections, and hands its view the verdicts, the worst first. It
 * reads levels several times in that while, since a level of one moment says nothing.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/usage.h"

struct consumer;
struct view;

/* The options of `why`: question.own. */
struct why_options {
	uint64_t for_s;	     /* 0: 2 s */
	uint64_t interval_s; /* 0: once */
	uint64_t count;	     /* of intervals; 0: until it is ended */
	bool all, no_group, check;
};

/* For struct report.wrap: `view` shows what `c` finds. */
int why_wrap(struct consumer *c, struct view *view, struct usage_error *error);
