// SPDX-License-Identifier: BSD-2-Clause
/* Recordings in memory, and what is read from them. */
#pragma once
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/recording.h"
#include "generate.h"

static const struct recording_config everything = {
	.from_wall_us = RECORDING_NO_FROM, .to_wall_us = RECORDING_NO_TO, .flows_max = 4096};

struct bytes {
	uint8_t *p;
	size_t len;
};

/* Record so many seconds; `*ret_rows` is how many rows of all tables were handed in. */
static inline struct bytes record_seconds(struct traffic *t, unsigned seconds, int level, uint64_t *ret_rows)
{
	int fd = memfd_create("recording", MFD_CLOEXEC);
	struct record_config config = traffic_config(-1, fd);
	struct record_status status;
	struct bytes b;
	struct stat st;
	struct record *r;

	config.level = level;
	config.extra = t->extra;
	if (fd < 0 || record_open(&r, &config, &t->clock))
		abort();
	give_key(t, r);
	for (unsigned i = 0; i < seconds; i++)
		traffic_second(t, r);
	record_get_status(r, &status);
	*ret_rows = 0;
	for (unsigned i = 0; i < RECORD_TABLE_END; i++)
		*ret_rows += status.rows[i];
	record_end(r);
	if (fstat(fd, &st))
		abort();
	b.len = (size_t)st.st_size;
	b.p = malloc(b.len);
	if (!b.p || pread(fd, b.p, b.len, 0) != (ssize_t)b.len)
		abort();
	close(fd);
	return b;
}

/* What was read of a recording. */
struct reading {
	struct event *event;
	size_t count, room;
	unsigned gaps, vanished;
	struct recording_gap gap[64];
	struct recording_stats stats;
	int error;
};

static inline void read_item(struct recording *r, int item, const struct event *ev, struct reading *ret)
{
	if (item == RECORDING_GAP) {
		if (ret->gaps < 64)
			ret->gap[ret->gaps++] = *recording_gap(r);
		return;
	}
	ret->vanished += item == RECORDING_VANISHED;
	if (item != RECORDING_EVENT)
		return;
	if (ret->count == ret->room) {
		ret->room = ret->room ? ret->room * 2 : 1024;
		ret->event = realloc(ret->event, ret->room * sizeof(*ev));
		if (!ret->event)
			abort();
	}
	ret->event[ret->count++] = *ev;
}

/* Read all; free with reading_done(). */
static inline struct reading read_all(const void *p, size_t len, const struct recording_config *config)
{
	struct reading ret = {0};
	struct recording *r;
	struct event ev;
	int item = recording_open_memory(&r, p, len, config);

	if (!item)
		while ((item = recording_next(r, &ev)) > 0)
			read_item(r, item, &ev, &ret);
	ret.error = item;
	recording_get_stats(r, &ret.stats);
	recording_close(r);
	return ret;
}

static inline void reading_done(struct reading *r)
{
	free(r->event);
}

/* A flow of which nothing was known is told of before its first sample; that is no row. */
static inline bool is_made_by_reader(const struct event *ev)
{
	return ev->head.kind == EV_OPEN && ev->head.flags & EV_BASELINE;
}

/*
 * All that was read was written, in this order. A sample may bring the ident along if its flow was
 * not known. Returns how many events are missing.
 */
static inline size_t expect_written(const struct reading *r, const struct traffic *t)
{
	size_t at = 0;

	for (size_t i = 0; i < r->count; i++) {
		struct event ev = r->event[i];

		if (is_made_by_reader(&ev))
			continue;
		if (ev.head.kind == EV_SAMPLE && ev.head.flags & EV_HAS_IDENT)
			ev.head.flags &= (__u8)~EV_HAS_IDENT;
		while (at < t->count && !same_event(&t->expected[at], &ev))
			at++;
		if (at == t->count) {
			fprintf(stderr, "event %zu of %zu was not written: kind %u id %llu flags %x time %llu tx %llu\n",
				i, r->count, ev.head.kind, (unsigned long long)ev.head.id, ev.head.flags,
				(unsigned long long)ev.time_ns, (unsigned long long)ev.count.tx_bytes);
			return SIZE_MAX;
		}
		at++;
	}
	return t->count - r->count;
}
