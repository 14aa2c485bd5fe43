// SPDX-License-Identifier: BSD-2-Clause
/*
 * What of a filter a server can apply, so that it need not send all: ports, addresses, a process.
 * It lets through all that the filter does, and more: who asked filters again. So what is not
 * understood here is left out.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/addr.h"
#include "fleet/sql.h"

#define FLEET_TERMS_MAX 16

struct fleet_term {
	bool is_local, is_remote; /* of which side; both: of either */
	uint16_t port;		  /* 0: it is an address */
	struct addr addr;
};

struct fleet_match {
	struct fleet_term term[FLEET_TERMS_MAX]; /* all of them hold */
	unsigned count;
	uint64_t pid;			/* 0: any */
	const uint8_t *lports, *rports; /* bitmaps of 65536 bits; NULL: any */
};

/* Add the terms of an expression in tcpdump's language that stand between `and`s alone. */
void fleet_match_add(struct fleet_match *m, const char *expression);

/* " AND ..." for a query about flows. */
void fleet_match_sql(const struct fleet_match *m, bool is_modern, struct sql *q);
