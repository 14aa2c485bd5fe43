/* SPDX-License-Identifier: BSD-2-Clause */
/* Going back in what the journal remembers. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "screen/state.h"

/* Show the moment of the last interval, from now on unchanged. */
void past_take(struct screen *s);

/* Show what there is now again. */
void past_leave(struct screen *s);

/* Go to the end of interval `tick`, or as near as the journal leads. False if that is no step at
 * all. */
bool past_go(struct screen *s, uint32_t tick);

/* The interval that `time_ns` lies in, its end included; else the first or last that is remembered. */
uint32_t past_find(const struct screen *s, uint64_t time_ns);

void past_done(struct past *p);
