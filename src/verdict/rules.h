// SPDX-License-Identifier: BSD-2-Clause
/* What the tables of rules share: units of their thresholds, and what several of them ask. */
#pragma once
#include "verdict/facts.h"

#define MILLISECOND 1000ll /* times are microseconds */
#define SECOND 1000000ll
#define PERCENT(n) ((n)*10) /* shares are thousandths */
/* The kernel's clocks go in ticks of up to 10 ms: of less than this, shares say nothing. */
#define FAST_RATE 10000000000ll /* bits a second: who reads so much is not slow */
#define CLOCK_LEAST (200 * MILLISECOND)

/* Something on the way sent the reset: the peer's own packets come from another distance. */
static inline bool reset_is_forged(const struct facts *f)
{
	return fact_has(f, FACT_reset_ttl) && f->value[FACT_reset_ttl] != f->value[FACT_peer_ttl];
}
