// SPDX-License-Identifier: BSD-2-Clause
/* What metrics are asked: the options of `tcpsight metrics`, and of [metrics] in an agent's file.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "metrics/series.h"

struct prefix_set;

struct metrics_options {
	const char *by, *names, *idle, *subnets;
	uint64_t series_limit, series_limit_total;
	bool has_created, no_verdicts;
	char **listen;
	uint64_t listen_count;
	bool anyone;
	struct prefix_set *prefixes; /* of subnets */
	uint64_t idle_s;
};

extern const char *const metrics_name_sets[]; /* "tcpsight", "otel", NULL */
