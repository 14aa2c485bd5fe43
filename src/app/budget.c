// SPDX-License-Identifier: BSD-2-Clause
#include "app/budget.h"

#define NS_PER_S 1000000000ull
#define WINDOW_NS (60 * NS_PER_S)
#define QUIET_NS (300 * NS_PER_S)
#define FLOOR_MAX_NS (16 * NS_PER_S)

static void judge_anew(struct budget *b, uint64_t now_ns, uint64_t cpu_ns)
{
	b->at = 0;
	b->time_ns[0] = now_ns;
	b->cpu_ns[0] = cpu_ns;
}

void budget_begin(struct budget *b, uint64_t now_ns, uint64_t cpu_ns)
{
	judge_anew(b, now_ns, cpu_ns);
	b->quiet_since_ns = now_ns;
}

/* The share of the processor over the last minute, in thousandths; 0 before that. */
static uint64_t used_permille(struct budget *b, uint64_t now_ns, uint64_t cpu_ns)
{
	unsigned oldest = b->at >= BUDGET_READINGS ? b->at - BUDGET_READINGS + 1 : 0;
	uint64_t permille = 0, passed_ns;

	while (oldest < b->at && now_ns - b->time_ns[(oldest + 1) % BUDGET_READINGS] >= WINDOW_NS)
		oldest++;
	passed_ns = now_ns - b->time_ns[oldest % BUDGET_READINGS];
	if (passed_ns >= WINDOW_NS)
		permille = (cpu_ns - b->cpu_ns[oldest % BUDGET_READINGS]) * 1000 / passed_ns;
	/* One reading a second is enough, and they last for a minute then. */
	if (now_ns - b->time_ns[b->at % BUDGET_READINGS] >= NS_PER_S) {
		b->at++;
		b->time_ns[b->at % BUDGET_READINGS] = now_ns;
		b->cpu_ns[b->at % BUDGET_READINGS] = cpu_ns;
	}
	return permille;
}

bool budget_take(struct budget *b, uint64_t now_ns, uint64_t cpu_ns, uint64_t permille)
{
	uint64_t used = used_permille(b, now_ns, cpu_ns), next;

	if (!permille || b->finest_ns == UINT64_MAX)
		return false;
	if (used > permille) {
		b->quiet_since_ns = now_ns;
		/* It is judged anew over a whole minute. */
		judge_anew(b, now_ns, cpu_ns);
		next = 2 * (b->floor_ns ? b->floor_ns : b->finest_ns);
		if (next > FLOOR_MAX_NS)
			return false;
		b->slowed++;
		b->floor_ns = next;
		return true;
	}
	if (!b->floor_ns || now_ns - b->quiet_since_ns < QUIET_NS)
		return false;
	b->quiet_since_ns = now_ns;
	next = b->floor_ns / 2;
	b->floor_ns = next > b->finest_ns ? next : 0;
	return true;
}
