// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the store of a fleet holds: five tables, whose rows are made from recordings. A row never
 * changes, and (run, seq) names it for ever: so the same row sent twice is one row, and whether a
 * batch has arrived can be asked.
 *
 *	flow_closed	a connection that ended, whole
 *	flow_volume	what a connection moved in a minute at whose end it lived, and in its last
 *one flow_minute	sums of a minute by process, role and port of the service host_minute	a
 *minute that a host has recorded: who reported, and what was lost recorder	what happened to
 *recorders: starts, gaps, damage, what was deleted unsent
 *
 * What was moved in a span is the sum of flow_volume and of the rows of flow_closed with in_volume
 *= 0.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/event.h"
#include "fleet/rowbinary.h"

enum fleet_table {
	FLEET_CLOSED,
	FLEET_VOLUME,
	FLEET_MINUTE,
	FLEET_HOST,
	FLEET_RECORDER,
	FLEET_TABLE_COUNT
};

/* One struct for all: each table has some of its fields. */
struct fleet_row {
	/* all */
	uint16_t day;	  /* since 1970, UTC */
	uint32_t time_s;  /* since 1970: when it ended; of a minute: when that began */
	uint64_t time_us; /* the same in microseconds; of a minute: when its last interval ended */
	char host[65], run[33];
	uint64_t seq; /* in the run */

	/* flows: ident and counters are those of the event, times in us since 1970 */
	struct event ev;
	uint64_t duration_us;	 /* 0: not known */
	uint32_t established_us; /* after it opened; UINT32_MAX: never, or not known */
	uint8_t in_volume;	 /* flow_closed: rows of flow_volume have its bytes */
	uint8_t has_closed;	 /* flow_volume: the last one of a connection */
	struct ev_count moved;	 /* flow_volume, flow_minute: in this minute */
	char cgroup[257];
	char verdict[33];
	uint8_t severity;

	/* flow_minute, host_minute */
	uint16_t port; /* of the service */
	uint32_t flows, fails, live, intervals;
	uint64_t lost;
	char boot[37], version[33], kernel[65];

	/* recorder */
	char what[33], why[257];
	int64_t value;
};

enum fleet_type {
	FLEET_DATE, /* u16 */
	FLEET_TIME, /* u32 */
	FLEET_UINT, /* of `size` bytes */
	FLEET_INT,  /* i64 */
	FLEET_TEXT, /* char[size] */
	FLEET_ADDR,
	FLEET_WORD, /* u8, number of a word of `words` */
};

struct fleet_column {
	const char *name;
	uint8_t type; /* enum fleet_type */
	uint16_t size, offset;
	uint32_t tables; /* 1 << enum fleet_table */
	bool is_extra;	 /* of struct ev_extra: there if it was recorded */
	const char *words;
};

#define FLEET_COLUMNS_MAX 160

/*
 * The columns of a table, those of struct ev_extra if `extra`. Returns how many, at most
 * FLEET_COLUMNS_MAX. They stay.
 */
unsigned fleet_columns(enum fleet_table table, bool extra,
		       const struct fleet_column *ret[FLEET_COLUMNS_MAX]);

const char *fleet_table_name(enum fleet_table table);

void fleet_row_put(struct rowbinary *b, const struct fleet_row *row,
		   const struct fleet_column *const *column, unsigned count);
void fleet_row_get(struct rowbinary_reader *r, struct fleet_row *row,
		   const struct fleet_column *const *column, unsigned count);
