// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include "engine/engine_state.h"

/*
 * Tell a pace's consumers what a flow has moved since they were told last; `close` is its end if
 * this is the last that there is of it, else NULL.
 */
void engine_tell_interval(struct engine *e, struct pace *p, struct flow *f, uint32_t slot,
			  const struct event *close);
