// SPDX-License-Identifier: BSD-2-Clause
#include "push/retry.h"

#include <stdlib.h>

#define FIRST_MS 1000u
#define LONGEST_MS 30000u
#define ASKED_MAX_S 300u
#define MS_PER_S 1000
#define QUIET_MS 60000

enum retry retry_judge(unsigned status)
{
	switch (status) {
	case 0:
	case 429:
	case 502:
	case 503:
	case 504:
		return RETRY_LATER;
	}
	return status >= 200 && status < 300 ? RETRY_NOT_NEEDED : RETRY_USELESS;
}

uint32_t retry_wait_ms(unsigned attempt, uint64_t asked_s, double chance)
{
	uint32_t wait = FIRST_MS, asked;

	while (--attempt && wait < LONGEST_MS)
		wait *= 2;
	if (wait > LONGEST_MS)
		wait = LONGEST_MS;
	wait = (uint32_t)(wait * (0.8 + 0.4 * chance));
	asked = (uint32_t)(asked_s > ASKED_MAX_S ? ASKED_MAX_S : asked_s) * 1000;
	return wait > asked ? wait : asked;
}

void retries_begin(struct retries *r, const struct retry_clock *clock, unsigned give_up_s)
{
	*r = (struct retries){.clock = clock};
	r->end_ms = clock->now_ms(clock->context) + (int64_t)give_up_s * MS_PER_S;
}

enum retries_next retries_failed(struct retries *r, uint64_t asked_s)
{
	const struct retry_clock *clock = r->clock;
	uint32_t wait = retry_wait_ms(++r->attempt, asked_s, drand48());

	if (clock->now_ms(clock->context) + wait >= r->end_ms)
		return RETRIES_GIVE_UP;
	r->count++;
	return clock->pause(clock->context, wait) ? RETRIES_AGAIN : RETRIES_ENDED;
}

bool seldom_may_tell(struct seldom *s, const struct retry_clock *clock)
{
	int64_t now = clock->now_ms(clock->context);

	if (s->was_told && now < s->told_ms + QUIET_MS)
		return false;
	*s = (struct seldom){now, true};
	return true;
}
