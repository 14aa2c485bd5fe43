// SPDX-License-Identifier: BSD-2-Clause
#include "source/fleet_id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

#define INDEX_SIZE 16384
/* Above the cookie stands how often its socket was reused (abi/event.h). */
#define COOKIE_BITS 56
#define KEPT_COOKIE_BITS 44

static uint32_t hash(const char *run)
{
	uint32_t h = 2166136261u;

	for (; *run; run++)
		h = (h ^ (uint8_t)*run) * 16777619u;
	return h;
}

static unsigned number_of(struct fleet_ids *ids, const char *host, const char *run)
{
	uint32_t at = hash(run) % INDEX_SIZE;

	if (!ids->index) {
		ids->index = xcalloc(INDEX_SIZE, sizeof(*ids->index));
		ids->name = xcalloc(FLEET_IDS_MAX, sizeof(*ids->name));
		ids->run = xcalloc(FLEET_IDS_MAX, sizeof(*ids->run));
	}
	for (; ids->index[at]; at = (at + 1) % INDEX_SIZE) {
		unsigned n = ids->index[at] - 1u;

		if (!strcmp(ids->run[n], run) && !strcmp(ids->name[n], host))
			return n;
	}
	if (ids->count == FLEET_IDS_MAX) {
		ids->is_full = true;
		return 0;
	}
	snprintf(ids->name[ids->count], sizeof(ids->name[0]), "%s", host);
	snprintf(ids->run[ids->count], sizeof(ids->run[0]), "%s", run);
	ids->index[at] = (uint16_t)(ids->count + 1);
	return ids->count++;
}

uint64_t fleet_id(struct fleet_ids *ids, const char *host, const char *run, uint64_t id)
{
	uint64_t cookie = id & ((1ull << KEPT_COOKIE_BITS) - 1), reused = id >> COOKIE_BITS;

	return (uint64_t)number_of(ids, host, run) << FLEET_ID_SHIFT | reused << KEPT_COOKIE_BITS |
	       cookie;
}

unsigned fleet_id_host(uint64_t id)
{
	return (unsigned)(id >> FLEET_ID_SHIFT);
}

const char *fleet_ids_name(const struct fleet_ids *ids, unsigned host)
{
	return host < ids->count ? ids->name[host] : NULL;
}

void fleet_ids_done(struct fleet_ids *ids)
{
	free(ids->index);
	free(ids->name);
	free(ids->run);
	*ids = (struct fleet_ids){0};
}
