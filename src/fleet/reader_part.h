// SPDX-License-Identifier: BSD-2-Clause
/* Shared by reader.c, which takes items of a recording, and reader_minute.c, which ends minutes. */
#pragma once
#include "fleet/reader.h"
#include "fleet/rollup.h"
#include "record/flows.h"
#include "record/recording.h"
#include "verdict/history.h"

#define US_PER_S 1000000ll
#define US_PER_MINUTE (60 * US_PER_S)
#define S_PER_DAY 86400

/* What is remembered of a live flow besides what it is; by its slot in `flows`. */
struct fleet_live {
	struct ev_count begin;	/* when the minute began */
	struct ev_extra extra;	/* the last reading */
	struct history history; /* for its verdict */
	bool was_live;		/* at the end of a minute, or when the file began */
	bool has_news;
	bool has_extra;
};

/* Names of cgroups by number. */
#define FLEET_NAMES_MAX 4096

struct fleet_name {
	uint64_t key;
	char *text;
};

struct fleet_reader {
	struct fleet_reader_config config;
	struct recording *recording;
	struct recorded_flows flows;
	struct fleet_live *live;
	struct rollup rollup;
	struct fleet_name *name; /* open addressing */
	unsigned names;
	struct fleet_row row; /* with what all rows of the file have in common */
	struct event ev;
	struct fleet_batch gone; /* flow_volume of flows that closed in this minute */
	struct fleet_position at;
	uint64_t base;			   /* seq of the first row of each table */
	uint64_t given[FLEET_TABLE_COUNT]; /* rows of each table so far, sent before or not */
	int64_t minute;			   /* that runs; 0: none yet */
	int64_t time_us;		   /* last tick */
	uint32_t intervals, closes, fails; /* of this minute */
	uint64_t lost, lost_told, unsent;
	bool is_day_over, has_started;
};

/* The minute is over, or the file: give its rows. */
void fleet_minute_end(struct fleet_reader *r, struct fleet_batch *b);

/* A flow that was live at the end of a minute has closed: `c` is its last count. */
void fleet_minute_gone(struct fleet_reader *r, const struct recorded_flow *f, struct fleet_live *l,
		       const struct event *ev);

/* Remember the name of a cgroup. */
void fleet_take_name(struct fleet_reader *r, const struct record_name *n);

/* Set what a row of a flow has. */
void fleet_set_flow(struct fleet_reader *r, const struct event *ev, struct fleet_row *row);
void fleet_set_time(struct fleet_row *row, int64_t wall_us);
void fleet_set_closed_verdict(struct fleet_row *row);
