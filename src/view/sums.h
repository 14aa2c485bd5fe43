// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a view keeps of each group besides the sums of struct group: who is in it, its busiest flow,
 * and, of a view that shows counters, their sums.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/consumer.h"
#include "engine/counter.h"
#include "engine/row.h"

struct group;
struct view;

/* The payload of a group; without counters it ends before them. */
struct sums {
	struct ev_ident last;	 /* of the flow that was entered last */
	struct ev_ident busiest; /* of the flow that moved most */
	uint64_t last_id, busiest_id, busiest_bytes;
	uint8_t state; /* of the last one */
	bool adopted;  /* one of them is older than we are */
	struct counters counters;
};

/* How much of it a view needs. */
size_t sums_size(const struct view *view);

/* Enter what a flow did into the groups that it counts under. */
void sums_enter(struct view *view, const struct news *news);

/* The keys that a flow counts under, as grouping.keys gives them, and of which host they are. */
unsigned sums_keys(const struct view *view, const struct flow *flow, uint32_t *note,
		   struct group_key *ret);

/* Enter a reset that was sent. */
void sums_reset(struct view *view, const struct event *ev);

/* The group of a flow that closed, if it has one. */
struct group *sums_of_close(struct view *view, const struct event *ev);

/* Complete the row of a group. */
void sums_row(struct view *view, const struct group *g, struct row *row);

/* Counters that sockets, or the host, have and that this view's source can read: a bit each. */
uint64_t sums_known(struct view *view, bool host);
