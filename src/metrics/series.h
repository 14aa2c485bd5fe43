// SPDX-License-Identifier: BSD-2-Clause
/*
 * What flows add up to, by group: a set of labels such as unit and remote_class. All of it is
 *bounded, whatever names those who are watched invent: each metric has a limit of series. What
 *finds no series of its own is added to that of the group "other", and stays there. A group that is
 *quiet for long leaves; what it had counted is added to `expired`. So for each counter, at any
 *time:
 *
 *	the sum over all groups, other included, + expired = total
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metrics/metric.h"

#define SERIES_CELL_BITS 192

struct series_layout;

/* What a table holds. */
enum series_of {
	SERIES_OF_LISTENERS = 1, /* not of connections */
	SERIES_EXPONENTIAL = 2,	 /* a cell of a histogram is a struct exponential */
};

/* Numbers of all cells of all metrics, one after the other: see series_cell(). */
struct series_record {
	const struct series_layout *layout;
	uint64_t *number;
	uint64_t exists[SERIES_CELL_BITS / 64]; /* a bit per cell that is a series */
};

struct series_group {
	struct series_group *next; /* of its hash, or of the free ones */
	char *labels; /* `unit="x",remote_class="private"`, as it is written; "" if there are none
		       */
	size_t labels_len;
	uint32_t hash;
	uint16_t generation; /* how often its place was given to another */
	bool is_there;
	uint32_t live;		    /* flows, at the last tick */
	uint32_t live_next;	    /* so far, for the next */
	uint64_t start_ns, used_ns; /* since when it counts; when it last changed */
	struct series_record record;
};

struct series_limits {
	uint32_t per_metric;
	uint32_t total; /* of all metrics together */
	uint64_t idle_ns;
};

struct series_table {
	unsigned of; /* enum series_of */
	const struct series_layout *layout;
	struct series_limits limits;
	struct series_group *group; /* places */
	uint32_t places, used, count;
	struct series_group *free;
	struct series_group **index;
	uint32_t index_mask;
	uint64_t *numbers; /* of all records; reserved, costs what is touched */
	size_t numbers_size;
	struct series_group other;
	struct series_record expired, total;
	uint32_t series[METRIC_COUNT], series_all; /* without those of `other` */
	uint64_t folded[METRIC_COUNT]; /* how often a value found no series of its own */
	uint64_t expired_groups;
	uint64_t start_ns;	/* of the totals */
	uint32_t *shared_total; /* series of several tables, for limits.total; or NULL */
};

void series_init(struct series_table *t, unsigned of, const struct series_limits *limits,
		 uint64_t now_ns);
void series_done(struct series_table *t);

/*
 * The group of these labels, made if it is new; that of all `other` if there is no place. `handle`
 * names it from then on, for as long as it has live flows. `other_labels` are those of the group
 * other, given once.
 */
struct series_group *series_find(struct series_table *t, const char *labels, size_t len,
				 uint64_t now_ns);
uint32_t series_handle(const struct series_table *t, const struct series_group *g);
/* NULL if its place was given to another since. */
struct series_group *series_of_handle(struct series_table *t, uint32_t handle);

/* Counters: add. Gauges: add to what they will be at the end of the interval. */
void series_add(struct series_table *t, struct series_group *g, enum metric_id id, unsigned cell,
		uint64_t n, uint64_t now_ns);
void series_observe(struct series_table *t, struct series_group *g, enum metric_id id,
		    unsigned cell, uint64_t us, uint64_t now_ns);

/* The group has one more live flow in this interval. */
static inline void series_note_live(struct series_group *g)
{
	g->live_next++;
}

/* An interval ends: gauges are what was added in it; groups that are quiet leave. */
void series_tick(struct series_table *t, uint64_t now_ns);

/* Live flows of all groups, at the last tick. */
uint64_t series_live(const struct series_table *t);

/* The sum of all cells of a counter, whatever became of its series. */
uint64_t series_sum(const struct series_table *t, enum metric_id id);

/* All groups leave: their labels mean something else from now on. */
void series_expire_all(struct series_table *t, uint64_t now_ns);

/* Where the numbers of a cell stand; whether it is a series. */
uint64_t *series_cell(const struct series_record *r, enum metric_id id, unsigned cell);
bool series_exists(const struct series_record *r, enum metric_id id, unsigned cell);
