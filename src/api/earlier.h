// SPDX-License-Identifier: BSD-2-Clause
/*
 * An earlier moment: the connections that lived in the interval it is in, and what each moved there.
 * The last minutes come from memory, by steps of TRAIL_STEP_S; what is older from the recording that
 * the run makes, if it makes one, by its intervals.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/event.h"
#include "engine/clock.h"
#include "engine/row.h"

struct api;
struct http_request;
struct earlier_recording;

struct earlier {
	struct api *api;
	bool is_known;		 /* false: nothing tells of that moment */
	bool is_whole;		 /* false: some that lived then are not among its rows */
	uint64_t from_ns, to_ns; /* the interval, by `clock` */
	struct clock clock;
	struct earlier_recording *recording; /* NULL: from memory */
	uint32_t step;
	struct row_context other; /* that of the rows of now, while this one has its place */
	bool is_entered;
};

/*
 * The moment that the parameter `at` names, if there is one: `*ret` is NULL if there is none. Gives;
 * free with earlier_free(). False: it makes no sense, or nothing is kept of it, and that was answered.
 */
bool earlier_open(struct api *api, struct http_request *q, struct earlier **ret);
void earlier_free(struct earlier *p);

/* Read on, a few milliseconds at most: true if there is more. Before earlier_get() until it is false. */
bool earlier_read(struct earlier *p);

/*
 * The connections of the interval, i from 0 to earlier_count(). False: there is none at this place. In
 * `ret` the counters are what moved in the interval; EV_CLOSE: it closed there. An unknown state is 0.
 */
uint32_t earlier_count(const struct earlier *p);
bool earlier_get(const struct earlier *p, uint32_t i, struct event *ret);

/* While rows of that moment are made: its clock, its names, and the length of its interval. */
void earlier_enter(struct earlier *p);
void earlier_leave(struct earlier *p);
