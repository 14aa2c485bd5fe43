// SPDX-License-Identifier: BSD-2-Clause
/* What a recording says of itself beside its events: what was lost, by the recorder or since. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/account.h"
#include "engine/counter.h"
#include "verdict/subject.h"

struct record_host;
struct record_loss;
struct recording_gap;
struct source_gap;

struct recorded_host {
	struct account account; /* as the recorder's run ended, or what we counted */
	uint64_t opened, adopted, closed;
	bool has_loss, has_begun;
	int64_t counter[COUNTER_COUNT]; /* what they grew by since the beginning */
	struct host_reading reading;	/* of what grows likewise; of levels the latest, -1: none was told */
	uint32_t load[3];		/* hundredths */
	bool has_load;
};

/* Nothing is known yet; `has_counters`: but that what is not told did not grow. */
void recorded_host_init(struct recorded_host *h, bool has_counters);

void recorded_loss(struct recorded_host *h, const struct record_loss *loss);

/* A counter of the host grew, or its load changed. */
void recorded_counter(struct recorded_host *h, const struct record_host *row);

/* Tell of it, and count it. True if `ret` is to be told to consumers, too. */
bool recorded_gap(struct recorded_host *h, const struct recording_gap *gap, struct source_gap *ret);

void recorded_account(const struct recorded_host *h, struct account *ret);
void recorded_account_add(const struct recorded_host *h, struct account *sum);
