// SPDX-License-Identifier: BSD-2-Clause
/*
 * Metrics as bodies of OTLP, in JSON. Sums are cumulative from the start of their series on, gauges
 * are sums that may fall, histograms are exponential.
 */
#pragma once
#include <stdint.h>

struct metrics;
struct otlp_resource;
struct out;

/* Where bodies go: each of so many points, at most some 3 MiB. `out` is taken over. */
struct otlp_bodies {
	void (*send)(void *context, struct out *out, uint32_t points);
	void *context;
};

/* All that `m` has at the end of its interval. Its labels are NAMES_OTLP. */
void otlp_metrics_put(struct metrics *m, const struct otlp_resource *r,
		      const struct otlp_bodies *bodies);
