// SPDX-License-Identifier: BSD-2-Clause
/*
 * The flows of a span, as rows in the order of time: those that ended, and what lived in each
 * minute. They are fetched in slices, so that a long span needs no more memory than a short one.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "fleet/batch.h"
#include "fleet/http.h"
#include "fleet/match.h"

/* So many rows are fetched at once, about. */
#define FLEET_SLICE_ROWS 400000

struct fleet_ask {
	struct fleet_http *http;
	const char *database;
	bool is_modern;
	int64_t from_s, to_s; /* whole minutes */
	struct fleet_match match;
	bool extra, closes_only;
	/* From here on its own. */
	struct fleet_lacks lacks;
	struct fleet_layout layout;
	int64_t slice_s, next_s;
	struct fleet_reply reply[2]; /* of flow_volume, flow_closed */
	struct rowbinary_reader in[2];
	struct fleet_row row[2];
	bool has_row[2];
	struct fleet_reply *failed; /* what it said */
};

/* Find out what the server has, and how much of it. 0 or -EIO; then failed->why has the words. */
int fleet_ask_begin(struct fleet_ask *a);

/*
 * The next row: 1 and `*ret_row`, valid until the next call, and of which table it is; 0 at the
 * end; -EIO. Its ev.time_ns is its place in the order, nanoseconds since 1970; what was before its
 * minute is in none.
 */
int fleet_ask_next(struct fleet_ask *a, struct fleet_row **ret_row, enum fleet_table *ret_table);
void fleet_ask_end(struct fleet_ask *a);

/* Who reported in the span. */
struct fleet_host {
	char name[65];
	uint32_t minutes; /* in the span */
	uint64_t lost;
	int64_t last_s; /* when it was heard last, up to the end of the span and beyond */
};

struct fleet_hosts {
	struct fleet_host *host;
	unsigned count, reported;
};

/* All hosts that were heard within a week of the span. 0 or -EIO, as above. */
int fleet_ask_hosts(struct fleet_ask *a, struct fleet_hosts *ret);
void fleet_hosts_done(struct fleet_hosts *h);

/*
 * "48 of 50 hosts reported from ... to ...; silent: ...", in one line. `ret` is allocated.
 */
char *fleet_hosts_text(const struct fleet_hosts *h, int64_t from_s, int64_t to_s);
