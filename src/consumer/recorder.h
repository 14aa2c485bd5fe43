// SPDX-License-Identifier: BSD-2-Clause
/* The consumer that writes a recording: what every flow did, interval by interval, and how it ended. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/usage.h"

struct consumer;
struct view;

/* The options of `record`: question.own. Texts are borrowed from argv. */
struct recorder_options {
	const char *directory; /* NULL: question.output is the only file */
	char user[16];	       /* who owns the directory: whom we become */
	uint64_t sync_s;
	bool no_sync, no_thin;
	const char *quota, *keep_free, *thin, *rotate, *with, *without; /* as typed */
	uint64_t keep_days;
	uint64_t quota_bytes, keep_free_bytes, rotate_bytes, rotate_s, thin_age_s, thin_s;
	bool extra, handshakes, resets, no_samples, no_host;
};

/* For struct report.wrap; the view shows nothing. */
int recorder_wrap(struct consumer *c, struct view *view, struct usage_error *error);
