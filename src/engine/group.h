// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sums of flows under a key: a prefix, a local port, a tuple. All memory is reserved once, from a
 * limit; no call allocates after group_table_init(). A key that finds no place is counted.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

/* What flows have in common; parts that are not asked for are zero. */
struct group_key {
	union {
		struct {
			struct addr laddr, raddr;
		};
		uint64_t hash[2]; /* of a name */
		char text[16];
	};
	uint16_t lport, rport;
	uint32_t number; /* of something outside: a position in a list of prefixes */
	uint32_t host;	 /* source_ops.host_of(): groups are of one host each */
	uint32_t pad;
};

struct group {
	struct group_key key;
	uint64_t flows;
	struct ev_count count;
};

struct group_table {
	struct group *group;
	char *payload; /* payload_size bytes per group, for the owner's own sums */
	size_t payload_size;
	uint32_t *index; /* open addressing, linear probing; slot + 1, 0 is empty */
	uint32_t index_mask;
	uint32_t limit, used;
	uint64_t refused;
};

void group_table_init(struct group_table *t, uint32_t limit, size_t payload_size);
void group_table_done(struct group_table *t);

/* Find or add, zeroed but for its key; NULL, and counted, if the table is full. */
struct group *group_table_add(struct group_table *t, const struct group_key *key);

/* NULL if it is not there. */
const struct group *group_table_find(const struct group_table *t, const struct group_key *key);

void *group_payload(const struct group_table *t, const struct group *g);

/* Add what moved; of gauges the largest stays, which is the worst of them. */
void ev_count_add(struct ev_count *sum, const struct ev_count *delta);

/* Count a flow and what it moved. */
void group_count(struct group *g, const struct ev_count *delta);

/* Forget one group; the last one takes its place. */
void group_table_remove(struct group_table *t, struct group *g);

/* Forget all groups; costs as much as there are groups. */
void group_table_clear(struct group_table *t);
