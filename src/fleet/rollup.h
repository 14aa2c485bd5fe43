// SPDX-License-Identifier: BSD-2-Clause
/* Sums of a minute by process, role and port of the service. Fixed memory; no group is lost. */
#pragma once
#include <stdint.h>

#include "abi/event.h"

/* Beyond so many, what comes is summed up as one with the process "(others)". */
#define ROLLUP_GROUPS_MAX 4096

struct rollup_group {
	char comm[16];
	uint8_t role;
	uint16_t port;
	uint32_t flows, fails;
	struct ev_count moved;
};

struct rollup {
	struct rollup_group *group;
	uint16_t *index; /* open addressing; number + 1 */
	unsigned count;
};

void rollup_init(struct rollup *r);
void rollup_done(struct rollup *r);
void rollup_clear(struct rollup *r);

/* The port of the side that listened; 0 if that is not known. */
uint16_t rollup_port(const struct ev_ident *ident);

/* Its group, to be added to. */
struct rollup_group *rollup_of(struct rollup *r, const struct ev_ident *ident);
