// SPDX-License-Identifier: BSD-2-Clause
/* What record.c (rows) and record_segment.c (chunks, segments, files) share; of nobody else. */
#pragma once
#include "record/dictionary.h"
#include "record/disk.h"
#include "record/helper.h"
#include "record/record.h"
#include "record/stream_writer.h"
#include "record/thin.h"

/* Intervals without rows that are kept at most. */
#define QUIET_MAX 256

struct record {
	struct record_config config;
	struct disk disk;
	struct stream_writer stream[STREAM_COUNT];
	struct record_clock clock; /* of the last tick */
	struct record_meta meta;
	/* Of the file, as far as chunks were made: the disk may be behind. */
	uint64_t file_bytes, file_start_us;
	bool has_file; /* which must be ended in words */
	/* Of the segment. */
	uint32_t segment; /* counts up; what flows' marks are compared with */
	uint32_t mark;	  /* CRC of the meta */
	uint64_t segment_start_bytes, segment_start_us;
	bool segment_is_due; /* begins with the next row */
	uint64_t next_row;
	uint64_t end_row; /* the file ends with at least this number: see thin.c */
	/* Key frames. */
	bool in_key, key_ends, wants_key;
	uint64_t key_start_bytes, key_bytes, key_end_bytes;
	/* Intervals without rows that no chunk has yet. */
	struct record_tick quiet[QUIET_MAX];
	unsigned quiet_count;
	/* The queue is full: rows are dropped until it is empty. */
	bool is_dropping;
	struct record_clock dropping_since;
	uint64_t dropped_rows, dropped_before;
	/* Names that this segment has, by kind and key. */
	struct dictionary named;
	struct record_loss loss, loss_told;
	char undecoded_why[200]; /* of loss */
	bool has_loss;
	struct record_status status;
	struct helper keeper;
	struct thin thin;
};

static inline uint64_t record_time_us(const struct record_clock *c)
{
	return c->time_ns / 1000;
}

static inline int64_t record_wall_us(const struct record_clock *c)
{
	return (int64_t)record_time_us(c) + c->wall_offset_us;
}

/* Of record.c: the rows that wait for a tick, put into chunks because none will come. */
void record_finish(struct record *r);

/* Of record.c: the names of what a local side refers to. See stream_writer.h. */
void record_name_local(void *context, const struct record_local *l);

/* Takes payloads of the streams: see stream_writer.h. */
void segment_emit(void *context, const struct stream_writer *s, const uint8_t *payload,
		  uint32_t bytes);

/* Begin a new segment: its meta is its first chunk. */
void segment_begin(struct record *r);

/* End the file with `why`, if there is one, and begin another. Without a directory: a segment. */
void segment_begin_file(struct record *r, const char *why);
void segment_end_file(struct record *r, const char *why);

/* After a tick: begin a new segment, or a new file, if that is due. */
void segment_advance(struct record *r);

/* While rows are dropped: see whether the disk takes some again, and if so begin anew. */
void segment_try_again(struct record *r);
