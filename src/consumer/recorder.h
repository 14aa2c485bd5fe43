// SPDX-License-Identifier: BSD-2-Clause
/* The consumer that writes a recording: what every flow did, interval by interval, and how it ended. */
#pragma once
#include "consumer/recorder_options.h"
#include "engine/usage.h"

struct consumer;
struct view;

/* For struct report.wrap; the view shows nothing. */
int recorder_wrap(struct consumer *c, struct view *view, struct usage_error *error);
