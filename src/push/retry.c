// SPDX-License-Identifier: BSD-2-Clause
#include "push/retry.h"

#define FIRST_MS 1000u
#define LONGEST_MS 30000u
#define ASKED_MAX_S 300u

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
