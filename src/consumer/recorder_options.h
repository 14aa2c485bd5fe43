// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Where recordings are, if nothing else is said. */
#define RECORDER_DIRECTORY "/var/log/tcpsight"

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
