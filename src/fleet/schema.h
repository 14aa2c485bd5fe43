// SPDX-License-Identifier: BSD-2-Clause
/*
 * The tables of fleet/row.h as a server is told of them. Two forms: one that Debian's
 * ClickHouse 18.16 takes, and one for current releases with LowCardinality, IPv6, codecs and a time
 * to live.
 */
#pragma once
#include <stdbool.h>

#include "fleet/row.h"
#include "fleet/sql.h"

struct fleet_schema {
	bool is_modern;
	const char *database;
	const char *cluster; /* NULL: a single server; else replicated tables, and distributed ones
				above */
	unsigned keep_days;  /* of current releases: rows older than this go; 0: never */
};

/* Is this version, as `SELECT version()` gives it, one for the modern form? */
bool fleet_is_modern(const char *version);

/*
 * The statements that make a table, each one in `ret`; returns how many. To be run in this order;
 * each does nothing if there is such a table. Free each with sql_done().
 */
#define FLEET_CREATE_MAX 2
unsigned fleet_create(enum fleet_table table, const struct fleet_schema *s,
		      struct sql ret[FLEET_CREATE_MAX]);

/*
 * The statements that bring a column to a table that was made before there was such a column, or
 * such words of it: `server_type` is what the server says of it, "" if it has none. 0 if it is
 * right.
 */
unsigned fleet_mend_column(enum fleet_table table, const struct fleet_column *column,
			   const char *server_type, const struct fleet_schema *s,
			   struct sql ret[FLEET_CREATE_MAX]);

/* All of it as text, for `ship --print-ddl`. */
void fleet_print(const struct fleet_schema *s, struct sql *ret);
