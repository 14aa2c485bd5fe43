// SPDX-License-Identifier: BSD-2-Clause
/*
 * Ids of flows of many hosts: the number of the recording (host and run) stands in the highest
 * bits, below it the flow's own id, shortened.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define FLEET_ID_SHIFT 52
#define FLEET_IDS_MAX ((1u << (64 - FLEET_ID_SHIFT)) - 1)

struct fleet_ids {
	char (*name)[65]; /* of the host, by number */
	char (*run)[33];
	uint16_t *index; /* open addressing; number + 1 */
	unsigned count;
	bool is_full;
};

uint64_t fleet_id(struct fleet_ids *ids, const char *host, const char *run, uint64_t id);
void fleet_ids_done(struct fleet_ids *ids);

/* The host of such an id, and the name of such a host; NULL if there is none. */
unsigned fleet_id_host(uint64_t id);
const char *fleet_ids_name(const struct fleet_ids *ids, unsigned host);
