// SPDX-License-Identifier: BSD-2-Clause
/* Why a rung is refused, and what to do about it, in words. */
#pragma once

struct refusal;
struct rung;

struct reason {
	char why[400];
	char advice[240];
};

/* Fills `ret` for a refusal whose err is not 0. */
void reason_find(const struct rung *rung, const struct refusal *refusal, struct reason *ret);
