// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/rollup.h"

#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

#define INDEX_SIZE (4 * ROLLUP_GROUPS_MAX)

void rollup_init(struct rollup *r)
{
	*r = (struct rollup){.group = xcalloc(ROLLUP_GROUPS_MAX + 1, sizeof(*r->group)),
			     .index = xcalloc(INDEX_SIZE, sizeof(*r->index))};
}

void rollup_done(struct rollup *r)
{
	free(r->group);
	free(r->index);
	*r = (struct rollup){0};
}

void rollup_clear(struct rollup *r)
{
	r->count = 0;
	memset(r->index, 0, INDEX_SIZE * sizeof(*r->index));
}

uint16_t rollup_port(const struct ev_ident *ident)
{
	if (ident->role == ROLE_CONNECT)
		return ident->rport;
	return ident->role == ROLE_ACCEPT || ident->role == ROLE_LISTEN ? ident->lport : 0;
}

/* FNV-1a. */
static uint32_t hash(const char *p, size_t len, uint32_t seed)
{
	uint32_t h = 2166136261u ^ seed;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)p[i]) * 16777619u;
	return h;
}

struct rollup_group *rollup_of(struct rollup *r, const struct ev_ident *ident)
{
	uint16_t port = rollup_port(ident);
	uint32_t at = hash(ident->comm, sizeof(ident->comm), (uint32_t)port << 8 | ident->role);
	struct rollup_group *g;

	for (at %= INDEX_SIZE; r->index[at]; at = (at + 1) % INDEX_SIZE) {
		g = &r->group[r->index[at] - 1];
		if (g->port == port && g->role == ident->role &&
		    !memcmp(g->comm, ident->comm, sizeof(g->comm)))
			return g;
	}
	if (r->count >= ROLLUP_GROUPS_MAX) {
		g = &r->group[ROLLUP_GROUPS_MAX];
		if (r->count++ == ROLLUP_GROUPS_MAX)
			*g = (struct rollup_group){.comm = "(others)"};
		r->count = ROLLUP_GROUPS_MAX + 1;
		return g;
	}
	g = &r->group[r->count];
	*g = (struct rollup_group){.role = ident->role, .port = port};
	memcpy(g->comm, ident->comm, sizeof(g->comm));
	r->index[at] = (uint16_t)++r->count;
	return g;
}
