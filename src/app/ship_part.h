// SPDX-License-Identifier: BSD-2-Clause
/* Shared by ship.c, which prepares, and ship_files.c, which sends one file after the other. */
#pragma once
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "fleet/batch.h"
#include "fleet/cursor.h"
#include "fleet/deliver.h"
#include "fleet/http.h"
#include "fleet/options.h"
#include "fleet/server.h"
#include "fleet/spool.h"

struct ship {
	const struct ship_options *options;
	const char *read_path;
	uint32_t flows_max;
	struct fleet_server server;
	struct fleet_http *http;
	struct fleet_lacks lacks;
	struct fleet_spool spool;
	struct fleet_delivery delivery;
	struct fleet_cursor cursor;
	int state_fd, rejected_fd; /* -1: not open */
	int64_t from_us;
	/* Messages about one trouble come at its beginning, each minute, and at its end. */
	int64_t trouble_since, told_at;
	uint64_t waiting; /* rows that wait meanwhile */
	uint64_t refused; /* of the batch that is on its way, for good */
	int64_t sent_until_us;
	int metrics_error;
};

extern volatile sig_atomic_t ship_stop;

/* Send all that there is and that comes. 0, or -errno, logged; -EINTR: it was told to stop. */
int ship_files(struct ship *s);

/* Write --metrics FILE, if it is wanted. */
void ship_metrics(struct ship *s);

/* Wait so long, or until it is time to stop: then false. */
bool ship_wait(unsigned ms);
