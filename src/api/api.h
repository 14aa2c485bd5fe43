// SPDX-License-Identifier: BSD-2-Clause
/* The part of an agent that answers about connections: see api/state.h. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/usage.h"

struct consumer;
struct view;

/* The options of `api`: question.own. */
struct api_options {
	uint64_t closed; /* flows that closed and are kept */
	uint64_t trails; /* flows whose last minutes are kept */
	bool no_page;
};

/* For struct report.wrap. */
int api_wrap(struct consumer *c, struct view *view, struct usage_error *error);
