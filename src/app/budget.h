// SPDX-License-Identifier: BSD-2-Clause
/*
 * A budget of the processor: if it is exceeded over a minute intervals become twice as long, up to
 * 16 s; after five minutes within it they become shorter again. Pure: time is given.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define BUDGET_READINGS 64

struct budget {
	uint64_t finest_ns; /* the shortest interval that somebody asked for; UINT64_MAX: none */
	uint64_t floor_ns;  /* intervals are of so much or more; 0: as asked */
	/* A ring of readings of the last minute, one a second at most. */
	uint64_t time_ns[BUDGET_READINGS], cpu_ns[BUDGET_READINGS];
	unsigned at;
	uint64_t quiet_since_ns; /* when it was last beyond the budget */
	uint64_t slowed;	 /* how often intervals became longer */
};

/* From now on; `cpu_ns` is what the process has used since it began. */
void budget_begin(struct budget *b, uint64_t now_ns, uint64_t cpu_ns);

/* An interval has ended. `permille` of one processor may be used; 0: all. True if the floor
 * changed. */
bool budget_take(struct budget *b, uint64_t now_ns, uint64_t cpu_ns, uint64_t permille);
