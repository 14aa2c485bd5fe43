// SPDX-License-Identifier: BSD-2-Clause
/* One line on a terminal that says how the recorder fares, redrawn in place. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct record;
struct recorder_options;

/* The line is an average over so many intervals. */
#define RECORDER_STATUS_READINGS 16

struct recorder_status {
	struct {
		uint64_t bytes, closed, ns;
	} reading[RECORDER_STATUS_READINGS];
	uint64_t readings;
};

/* What the line says, into `buf`; returns its length. `closed` and `bytes` are those of the run. */
size_t recorder_status_text(struct recorder_status *s, uint64_t now_ns, uint64_t bytes,
			    uint64_t closed, uint64_t used_bytes, uint64_t lost,
			    const struct recorder_options *o, char *buf, size_t size);

void recorder_status_show(struct recorder_status *s, struct record *record,
			  const struct recorder_options *o);
void recorder_status_end(void);
