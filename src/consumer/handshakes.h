// SPDX-License-Identifier: BSD-2-Clause
/*
 * What tcpeek does beside printing lines: it counts handshakes under filters, answers on a socket,
 * and sums up at the end. A consumer around a view, which shows the handshakes that a filter wants.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "engine/usage.h"

struct consumer;
struct view;

/* The options of `peek`: question.own. Texts are borrowed from argv. */
struct handshakes_options {
	char **words; /* filter expressions */
	size_t word_count;
	const char *socket_path;
	const char *log_level;
	bool quiet;
};

/* The words of log_level, as syslog's levels are called; NULL at the end. */
extern const char *const handshakes_levels[];

/* For struct report.wrap: `view` shows what `c` now is told of. */
int handshakes_wrap(struct consumer *c, struct view *view, struct usage_error *error);
