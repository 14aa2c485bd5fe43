// SPDX-License-Identifier: BSD-2-Clause
/*
 * Histograms whose buckets grow by a fixed factor, as OpenTelemetry has them: at scale s a bucket's
 * upper bound is 2^(2^-s) times that of the one before it. They begin with scale 3, eight buckets
 * from one power of two to the next; what would need more buckets than there are halves the scale,
 * by which pairs of buckets become one. All zero is an empty one.
 */
#pragma once
#include <stdint.h>

#define EXPONENTIAL_SCALE 3
#define EXPONENTIAL_BUCKETS 160

struct exponential {
	uint64_t count, sum_us;
	uint64_t zeros;	 /* observations of 0 */
	uint64_t halved; /* how often: the scale is EXPONENTIAL_SCALE less this */
	int64_t first;	 /* index of bucket[0], whose values are above 2^(2^-scale * first) s */
	uint64_t used;	 /* buckets */
	uint64_t bucket[EXPONENTIAL_BUCKETS];
};

#define EXPONENTIAL_NUMBERS (sizeof(struct exponential) / sizeof(uint64_t))

void exponential_observe(struct exponential *e, uint64_t us);
void exponential_merge(struct exponential *to, const struct exponential *from);
