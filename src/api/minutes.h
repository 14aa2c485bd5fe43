// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the host's connections did, second by second, for the last five minutes. Round trips are told
 * as percentiles over the flows that had news in the second, from a histogram whose steps are an
 * eighth of an octave: a percentile is wrong by 5 % or 1 us at most.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

#define MINUTES_POINTS 300
#define MINUTES_STEPS 256 /* of the histogram: 8 an octave, 32 octaves */

struct minutes_point {
	uint64_t time_ns; /* the end of the interval */
	uint32_t interval_us;
	uint32_t flows;
	uint64_t tx_bytes, rx_bytes, retrans;
	uint32_t opened, closed, failed;
	uint32_t rtt_p50_us, rtt_p95_us, rtt_p99_us; /* 0: nothing was measured */
};

struct minutes {
	struct minutes_point now; /* of the interval that goes on */
	uint32_t rtt[MINUTES_STEPS], rtts;
	struct minutes_point point[MINUTES_POINTS];
	uint64_t put;
	size_t limit;
};

void minutes_begin(struct minutes *s);

/* A flow moved something in the interval. */
void minutes_add(struct minutes *s, const struct ev_count *moved);

/* The interval ends: its point is put. */
void minutes_tick(struct minutes *s, uint64_t time_ns, uint64_t interval_us, uint32_t flows);

/* At most so many points from now on. */
void minutes_limit(struct minutes *s, size_t limit);

size_t minutes_count(const struct minutes *s);
/* The i-th latest one. */
const struct minutes_point *minutes_latest(const struct minutes *s, size_t i);
