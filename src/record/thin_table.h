// SPDX-License-Identifier: BSD-2-Clause
/* Small tables that thin.c keeps beside the flows: names that were told, and sums of counters. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "record/rows.h"

struct record;

struct thin_names {
	struct thin_name {
		uint64_t key;
		uint8_t kind;
		char *text;
	} * name;
	size_t count;
};

struct thin_hosts {
	struct thin_host {
		char *counter;
		int64_t value;
		bool is_level, is_news;
	} * host;
	size_t count;
};

/* Remember a name. Beyond some ten thousand they are forgotten. */
void thin_names_put(struct thin_names *t, const struct record_name *name);
/* NULL if it was not told. `context` is a struct thin_names: see record_config. */
const char *thin_names_get(void *context, enum record_name_kind kind, uint64_t key);
void thin_names_done(struct thin_names *t);

/* Add to a sum; of "load..." the last value stays, since it is no sum. */
void thin_hosts_add(struct thin_hosts *t, const struct record_host *host);

/* Put what grew or changed since the last time. */
void thin_hosts_give(struct thin_hosts *t, struct record *out);

/* The next time all levels are put, for who begins to read at the key frame that was written. */
void thin_hosts_again(struct thin_hosts *t);
void thin_hosts_done(struct thin_hosts *t);
