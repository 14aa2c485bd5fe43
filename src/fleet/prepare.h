// SPDX-License-Identifier: BSD-2-Clause
/* Making the tables of a store, and finding out what a store has. */
#pragma once
#include "fleet/batch.h"
#include "fleet/http.h"
#include "fleet/schema.h"

/* `SELECT version()` into `ret`; see the outcome of `reply`, which the caller frees. */
void fleet_ask_version(struct fleet_http *h, char *ret, size_t size, struct fleet_reply *reply);

/*
 * Make the database and the tables that are not there, and add what an older version of them lacks.
 * `*ret_changes` is how many statements were needed. See the outcome of `reply`.
 */
void fleet_prepare(struct fleet_http *h, const struct fleet_schema *s, unsigned *ret_changes,
		   struct fleet_reply *reply);

/* Which of our columns the server's tables have not. A table that is missing is FLEET_WRONG. */
void fleet_ask_lacks(struct fleet_http *h, const char *database, struct fleet_lacks *ret,
		     struct fleet_reply *reply);
