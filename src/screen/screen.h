/* SPDX-License-Identifier: BSD-2-Clause */
/* The interactive screen: a consumer that keeps what flows did, and draws it as keys ask for it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/usage.h"
#include "screen/options.h"

struct consumer;
struct view;

/* Is there a terminal that it can be drawn on? */
bool screen_suits(void);

/* For struct report.wrap: `c` is the screen. The view lends its context and its judge. */
int screen_wrap(struct consumer *c, struct view *view, const struct screen_options *options,
		struct usage_error *error);
