// SPDX-License-Identifier: BSD-2-Clause
/* The consumer that sends what it is told to an OpenTelemetry collector, through a process of its
 * own. */
#pragma once
#include <stdbool.h>

#include "consumer/exporter_options.h"
#include "consumer/metrics_options.h"
#include "engine/usage.h"

struct consumer;
struct view;

/* The options of `otlp`: question.own. Texts are borrowed from argv. */
struct otlp_options {
	const char *endpoint;
	const char *headers_file, *token_file;
	bool is_insecure, sends_metrics, no_logs, from_recording;
	struct exporter_options exporter;
	struct metrics_options metrics;
};

/* For struct report.wrap; the view shows nothing. */
int otlp_wrap(struct consumer *c, struct view *view, struct usage_error *error);
