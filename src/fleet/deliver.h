// SPDX-License-Identifier: BSD-2-Clause
/*
 * Each block arrives once, whatever happens to the server, to the net and to us. The server is
 * asked whether it has a block before that block is sent a second time: a block is one insert into
 * one partition, so it has all of its rows or none; where other blocks had some of them (a cursor
 * was lost, say), those that are missing are sent. Nothing is given up but what the server cannot
 * read.
 */
#pragma once
#include <stdbool.h>

#include "fleet/batch.h"
#include "fleet/http.h"
#include "fleet/sql.h"

struct fleet_delivery {
	struct fleet_http *http;
	const char *database;
	const char *host, *run; /* of the rows */
	bool gzip;
	/* Wait; false if it is time to stop. */
	bool (*wait)(void *context, unsigned ms);
	/* It did not work, and will be tried again in so many milliseconds. */
	void (*tell)(void *context, const struct fleet_reply *reply, unsigned ms);
	/* The server refuses rows for good: `insert` and a name that are those of the block. */
	void (*reject)(void *context, const struct fleet_block *block, const char *insert,
		       const char *name, const char *why);
	void *context;
	/* Counted. */
	uint64_t asked, found, parts, sent, retries;
};

enum fleet_delivered { FLEET_ARRIVED, FLEET_REJECTED, FLEET_INTERRUPTED };

/*
 * Deliver a block. `is_sent`: it may have been sent before. What of it is rejected was given to
 * `reject` before this returns.
 */
enum fleet_delivered fleet_deliver(struct fleet_delivery *d, const struct fleet_layout *layout,
				   const struct fleet_block *block, bool is_sent);

/* Whether a block that cannot be made again has arrived: how many of its rows, or -errno. */
int64_t fleet_find(struct fleet_delivery *d, const struct fleet_block *block);

/* "INSERT INTO d.t (a,b) FORMAT RowBinary". */
void fleet_insert(struct sql *q, const char *database, enum fleet_table table,
		  const struct fleet_layout *layout);
