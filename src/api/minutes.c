// SPDX-License-Identifier: BSD-2-Clause
#include "api/minutes.h"

#include <string.h>

#define STEPS_PER_OCTAVE 8

/* (2 ** (1 / 8)) ** i, times 2 ** 16. */
static const uint32_t step_of_octave[STEPS_PER_OCTAVE] = {65536,  71468,  77936,  84990,
							  92682, 101070, 110218, 120194};

void minutes_begin(struct minutes *s)
{
	*s = (struct minutes){.limit = MINUTES_POINTS};
}

static unsigned step_of(uint32_t us)
{
	unsigned octave = 31 - (unsigned)__builtin_clz(us);
	uint64_t part = ((uint64_t)us << 16) >> octave;
	unsigned i = 0;

	while (i + 1 < STEPS_PER_OCTAVE && part >= step_of_octave[i + 1])
		i++;
	return octave * STEPS_PER_OCTAVE + i;
}

/* The middle of a step, by ratio. */
static uint32_t value_of(unsigned step)
{
	uint64_t low = (uint64_t)step_of_octave[step % STEPS_PER_OCTAVE]
		       << (step / STEPS_PER_OCTAVE);

	/* 2 ** (1 / 16), times 1024. */
	return (uint32_t)((low * 1069 / 1024 + 32768) >> 16);
}

void minutes_add(struct minutes *s, const struct ev_count *moved)
{
	s->now.tx_bytes += moved->tx_bytes;
	s->now.rx_bytes += moved->rx_bytes;
	s->now.retrans += moved->retrans_segs;
	if (!moved->srtt_us)
		return;
	s->rtt[step_of(moved->srtt_us)]++;
	s->rtts++;
}

static uint32_t percentile(const struct minutes *s, unsigned percent)
{
	uint64_t wanted = ((uint64_t)s->rtts * percent + 99) / 100, seen = 0;

	for (unsigned i = 0; i < MINUTES_STEPS && s->rtts; i++) {
		seen += s->rtt[i];
		if (seen >= wanted)
			return value_of(i);
	}
	return 0;
}

void minutes_tick(struct minutes *s, uint64_t time_ns, uint64_t interval_us, uint32_t flows)
{
	s->now.time_ns = time_ns;
	s->now.interval_us = (uint32_t)interval_us;
	s->now.flows = flows;
	s->now.rtt_p50_us = percentile(s, 50);
	s->now.rtt_p95_us = percentile(s, 95);
	s->now.rtt_p99_us = percentile(s, 99);
	s->point[s->put++ % s->limit] = s->now;
	s->now = (struct minutes_point){0};
	memset(s->rtt, 0, sizeof(s->rtt));
	s->rtts = 0;
}

void minutes_limit(struct minutes *s, size_t limit)
{
	if (limit == s->limit || !limit || limit > MINUTES_POINTS)
		return;
	s->limit = limit;
	s->put = 0;
}

size_t minutes_count(const struct minutes *s)
{
	return s->put < s->limit ? (size_t)s->put : s->limit;
}

const struct minutes_point *minutes_latest(const struct minutes *s, size_t i)
{
	return &s->point[(s->put - 1 - i) % s->limit];
}
