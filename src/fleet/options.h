// SPDX-License-Identifier: BSD-2-Clause
/* Of `tcpsight ship` and `tcpsight fleet`, as typed. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/addr.h"

struct ship_options {
	const char *to, *credentials, *cacert, *cert, *key, *state, *batch, *from, *cluster, *metrics;
	const char *ddl; /* of --print-ddl */
	bool create, once, no_volume, gzip, plaintext;
	uint64_t keep_days;
	/* Of `batch`. */
	uint64_t batch_rows, batch_s;
};

/* Of --print-ddl; NULL at the end. */
extern const char *const ship_ddl_words[];

enum fleet_question {
	FLEET_ASK_HOSTS,
	FLEET_ASK_MAP,
	FLEET_ASK_WHO,
	FLEET_ASK_JOINED,
	FLEET_ASK_VERDICTS,
	FLEET_ASK_COUNT
};

/* Their words; NULL at the end. */
extern const char *const fleet_question_words[];

struct fleet_options {
	unsigned question; /* enum fleet_question */
	bool sql;
	/* Of `who`. */
	bool has_addr;
	struct addr addr;
	uint16_t port; /* 0: any */
};
