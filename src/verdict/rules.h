// SPDX-License-Identifier: BSD-2-Clause
/* Units of the thresholds, for the tables of rules. */
#pragma once

#define MILLISECOND 1000ll /* times are microseconds */
#define SECOND 1000000ll
#define PERCENT(n) ((n)*10) /* shares are thousandths */
/* The kernel's clocks go in ticks of up to 10 ms: of less than this, shares say nothing. */
#define CLOCK_LEAST (200 * MILLISECOND)
