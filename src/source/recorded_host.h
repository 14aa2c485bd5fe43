// SPDX-License-Identifier: BSD-2-Clause
/* What a recording says of itself beside its events: what was lost, by the recorder or since. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/account.h"

struct record_loss;
struct recording_gap;

struct recorded_host {
	struct account account; /* as the recorder's run ended, or what we counted */
	uint64_t opened, adopted, closed;
	bool has_loss, has_begun;
};

void recorded_loss(struct recorded_host *h, const struct record_loss *loss);

/* Tell of it, and count it. */
void recorded_gap(struct recorded_host *h, const struct recording_gap *gap);

void recorded_account(const struct recorded_host *h, struct account *ret);
void recorded_account_add(const struct recorded_host *h, struct account *sum);
