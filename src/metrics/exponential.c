// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/exponential.h"

#include <math.h>
#include <string.h>

#define US_PER_S 1e6
#define STEPS (1 << EXPONENTIAL_SCALE)

/* 2^(k / STEPS) */
static const double step[STEPS] = {
	1.0,
	1.0905077326652576592,
	1.1892071150027210667,
	1.2968395546510096659,
	1.4142135623730950488,
	1.5422108254079408236,
	1.6817928305074290861,
	1.8340080864093424635,
};

/* Of the bucket at the first scale: bounds are its upper ends, inclusive. */
static int64_t index_of(uint64_t us)
{
	int exponent, steps = 0;
	double mantissa = 2 * frexp((double)us / US_PER_S, &exponent);

	while (steps < STEPS && step[steps] < mantissa)
		steps++;
	return ((int64_t)exponent - 1) * STEPS + steps - 1;
}

static int64_t halve(int64_t index)
{
	return index >= 0 ? index / 2 : -((1 - index) / 2);
}

/* In place: no bucket moves up. */
static void halve_scale(struct exponential *e)
{
	int64_t first = halve(e->first);
	uint64_t used = e->used;

	e->used = 0;
	for (uint64_t i = 0; i < used; i++) {
		uint64_t to = (uint64_t)(halve(e->first + (int64_t)i) - first);
		uint64_t n = e->bucket[i];

		e->bucket[i] = 0;
		e->bucket[to] += n;
		e->used = to + 1;
	}
	e->first = first;
	e->halved++;
}

/* `index` at the scale of `e`. */
static void add(struct exponential *e, int64_t index, uint64_t n)
{
	int64_t low, high;

	if (!e->used) {
		e->first = index;
		e->used = 1;
	}
	for (;;) {
		int64_t last = e->first + (int64_t)e->used - 1;

		low = index < e->first ? index : e->first;
		high = index > last ? index : last;
		if (high - low < EXPONENTIAL_BUCKETS)
			break;
		halve_scale(e);
		index = halve(index);
	}
	if (low < e->first) {
		uint64_t by = (uint64_t)(e->first - low);

		memmove(e->bucket + by, e->bucket, e->used * sizeof(e->bucket[0]));
		memset(e->bucket, 0, by * sizeof(e->bucket[0]));
		e->first = low;
	}
	e->used = (uint64_t)(high - low) + 1;
	e->bucket[index - e->first] += n;
}

void exponential_observe(struct exponential *e, uint64_t us)
{
	int64_t index;

	e->count++;
	e->sum_us += us;
	if (!us) {
		e->zeros++;
		return;
	}
	index = index_of(us);
	for (uint64_t i = 0; i < e->halved; i++)
		index = halve(index);
	add(e, index, 1);
}

void exponential_merge(struct exponential *to, const struct exponential *from)
{
	to->count += from->count;
	to->sum_us += from->sum_us;
	to->zeros += from->zeros;
	while (to->halved < from->halved)
		halve_scale(to);
	for (uint64_t i = 0; i < from->used; i++) {
		int64_t index = from->first + (int64_t)i;

		if (!from->bucket[i])
			continue;
		for (uint64_t k = from->halved; k < to->halved; k++)
			index = halve(index);
		add(to, index, from->bucket[i]);
	}
}
