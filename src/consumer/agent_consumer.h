// SPDX-License-Identifier: BSD-2-Clause
/*
 * The first consumer of an agent: it is told nothing, but serves whoever asks, and says how the
 * agent is.
 */
#pragma once

struct consumer;
struct usage_error;
struct view;

/* A report's wrap(). Its options are struct agent_options. Sets watch->agent. */
int agent_wrap(struct consumer *c, struct view *view, struct usage_error *error);
