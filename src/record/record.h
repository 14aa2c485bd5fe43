// SPDX-License-Identifier: BSD-2-Clause
/*
 * Writing a recording. A consumer hands in rows as they come, and says when an interval ends; then
 * they are encoded, packed and given to the disk (disk.h), which nobody waits for. Nothing here
 * allocates but record_open() and record_start(); what cannot be kept is counted.
 *
 * In an interval: record_closed(), record_handshake(), record_reset() as it happens. At its end:
 * record_opened() for each flow that began in it and lives, record_sample() for each flow with news
 * (also for those that were opened, if they moved more than record_opened() said), record_host(),
 * record_account(), then record_tick(). If that returns RECORD_WANTS_KEY: record_live() for every
 * live flow as it is now, then record_key_end(), before anything else.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/event.h"
#include "record/columns.h"
#include "record/disk.h"
#include "record/meta.h"
#include "record/rows.h"

struct record;

/* Of zstd; 3 is what the figures in doc/recording.md were measured with. */
#define RECORD_LEVEL 3

struct record_config {
	/* What the file says of the run; run, row, key_offset and wall_offset_us are set here. */
	struct record_meta meta;
	int dir_fd;  /* directory for many files, with us as its one writer; or -1: */
	int file_fd; /* the only file, a pipe, or standard output; borrowed, as the directory is */
	int level;   /* of zstd; 0: do not compress */
	bool extra;  /* with struct ev_extra */
	uint64_t rotate_bytes, rotate_us;	/* begin a new file then; 0: the usual */
	uint64_t quota_bytes, keep_free_bytes;	/* 0: none */
	uint64_t keep_us;			/* remove older files; 0: never */
	uint64_t sync_us;			/* have the disk confirm so often; 0: never */
	uint64_t thin_age_us, thin_interval_us; /* sum up samples of files so old; 0: never */
	/* The name of a cgroup, network namespace or user; NULL: not known. May be NULL. */
	const char *(*name)(void *context, enum record_name_kind kind, uint64_t key);
	void *name_context;
};

/* Where the clocks stand. */
struct record_clock {
	uint64_t time_ns;	/* of the recording: CLOCK_MONOTONIC */
	int64_t wall_offset_us; /* CLOCK_REALTIME less that */
	uint64_t suspended_us;	/* CLOCK_BOOTTIME less that */
};

enum { RECORD_WANTS_KEY = 1 };

/* How it stands, for a status line, messages and metrics. */
struct record_status {
	struct disk_status disk;
	uint64_t rows[RECORD_TABLE_END]; /* given to us, by table */
	uint64_t dropped_rows, dropped_names;
	bool is_dropping;
	uint32_t files, segments, keys;
	uint64_t thinned_files;
};

/*
 * Begin a recording at `now`. Everything is done in the calling thread until record_start(). What
 * lives already belongs into a key frame at once (record_live(), record_key_end()); else the first
 * tick asks for one. Gives; end it with record_end(). 0 or -errno.
 */
int record_open(struct record **ret, const struct record_config *config,
		const struct record_clock *now);

/*
 * Start the threads that write, confirm and thin; call it when privileges were given up, since a
 * thread keeps those that it had. 0 or -errno.
 */
int record_start(struct record *r);

/* A flow that ended: its EV_CLOSE, with ident. */
void record_closed(struct record *r, const struct event *ev);

/*
 * A flow that began in this interval, or was adopted in it, and lives: its EV_OPEN, with ident and
 * what was counted so far. `mark` belongs to the flow: the caller keeps it with it, 0 at first and
 * whenever its ident changed.
 */
void record_opened(struct record *r, const struct event *ev, uint32_t *mark);

/*
 * What a flow did in this interval: `ev` is the flow now, with ident, `before` what was counted of
 * it when it was last handed in. `mark` as above.
 */
void record_sample(struct record *r, const struct event *ev, const struct ev_count *before,
		   uint32_t *mark);

/* EV_HANDSHAKE, EV_RESET. */
void record_handshake(struct record *r, const struct event *ev);
void record_reset(struct record *r, const struct event *ev);

/* By how much a counter of the host grew in the interval, if it did. */
void record_host(struct record *r, const char *counter, int64_t value);

/* The account of the run so far; written when something was lost. */
void record_account(struct record *r, const struct record_loss *loss);

/* Something that readers should know. */
void record_note(struct record *r, const struct record_note *note);

/* The interval ends. Returns 0 or RECORD_WANTS_KEY. */
int record_tick(struct record *r, const struct record_clock *now);

/* A live flow, for a key frame; then, after the last one: */
void record_live(struct record *r, const struct event *ev, uint32_t *mark);
void record_key_end(struct record *r);

void record_get_status(struct record *r, struct record_status *ret);

/* Write what waits, the last account too, and end. */
void record_end(struct record *r);
