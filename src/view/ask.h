// SPDX-License-Identifier: BSD-2-Clause
/* From a question to the consumer that answers it: a view, or what a report puts around one. */
#pragma once
#include "view/report.h"

/*
 * Set up `view` and `c` for `q`, all of which are kept. Before: c->question, view->context. After:
 * everything but the filter, the sink and the output. Returns 0, or -EINVAL and `error`.
 */
int ask_view(const struct report *report, struct question *q, struct view *view,
	     struct consumer *c, struct usage_error *error);

/* The name of the sink for it; `is_screen` says that rows can be redrawn in place. */
const char *ask_sink(const struct report *report, const struct view *view, bool is_screen);
