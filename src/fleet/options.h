// SPDX-License-Identifier: BSD-2-Clause
/* Of `tcpsight ship`, as typed. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct ship_options {
	const char *to, *credentials, *cacert, *cert, *key, *state, *batch, *from, *cluster;
	const char *ddl; /* of --print-ddl */
	bool create, once, no_volume, gzip, plaintext;
	uint64_t keep_days;
	/* Of `batch`. */
	uint64_t batch_rows, batch_s;
};

/* Of --print-ddl; NULL at the end. */
extern const char *const ship_ddl_words[];
