// SPDX-License-Identifier: BSD-2-Clause
/* A consumer that adds up what flows do, and tells it as metrics: within an agent to whoever asks,
 * else on stdout. */
#pragma once

struct consumer;
struct usage_error;
struct view;

/* A report's wrap(). Its options are struct metrics_options. */
int metrics_wrap(struct consumer *c, struct view *view, struct usage_error *error);
