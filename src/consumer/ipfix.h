// SPDX-License-Identifier: BSD-2-Clause
/* The consumer that sends what it is told to an IPFIX collector, through a process of its own. */
#pragma once
#include <stdint.h>

#include "consumer/exporter_options.h"
#include "engine/usage.h"

struct consumer;
struct view;

/* The options of `ipfix`: question.own. Texts are borrowed from argv. */
struct ipfix_options {
	const char *collector; /* as typed */
	uint64_t domain, pen;
	struct exporter_options exporter;
};

/* For struct report.wrap; the view shows nothing. */
int ipfix_wrap(struct consumer *c, struct view *view, struct usage_error *error);
