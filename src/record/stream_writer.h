// SPDX-License-Identifier: BSD-2-Clause
/*
 * One of the two streams of a recording: the tables that belong to it, their dictionaries, and the
 * packing of blocks into the payloads of chunks. The payloads of a segment are one zstd stream,
 * flushed at the end of each chunk, so that chunk after chunk can be unpacked as it comes.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/columns.h"
#include "record/table_writer.h"

struct ZSTD_CCtx_s;

struct stream_writer {
	enum record_stream which;
	bool extra;
	int level; /* of zstd; 0: do not compress */
	struct dictionaries d;
	struct table_writer *table[RECORD_TABLE_END]; /* NULL: not of this stream */
	uint8_t *raw, *packed;
	uint32_t raw_bytes;
	uint32_t rows;		/* in `raw` */
	uint32_t number;	/* of the next chunk in the segment */
	uint64_t segment_bytes; /* unpacked, so far */
	uint32_t told_tables;			 /* 1 << enum record_table: their columns are in the segment */
	uint8_t told_columns[RECORD_NUMBER_END]; /* by number */
	struct ZSTD_CCtx_s *zstd;
	/* Takes a packed payload, borrowed for the call. */
	void (*emit)(void *context, const struct stream_writer *s, const uint8_t *payload,
		     uint32_t bytes);
	/* Is told of each local side that is new in the dictionary. */
	void (*new_local)(void *context, const struct record_local *l);
	void *context;
};

/* Set `which`, `extra`, `level` and the functions first. Returns 0 or -ENOMEM. */
int stream_writer_init(struct stream_writer *s);
void stream_writer_done(struct stream_writer *s);

/* Begin anew: what follows can be read without what was before. There must be no rows. */
void stream_writer_begin_segment(struct stream_writer *s);

/* Add a row of `table`. Afterwards, if stream_writer_is_full(), call stream_writer_seal(). */
void stream_writer_add(struct stream_writer *s, enum record_table table, const void *row);
bool stream_writer_is_full(const struct stream_writer *s);

/* Are there rows that no chunk has yet? */
bool stream_writer_has_rows(const struct stream_writer *s);

/* Put all rows into chunks, usually one, and emit them; if there are none, an empty one if wished.
 */
void stream_writer_seal(struct stream_writer *s, bool even_empty);

/* Throw the rows away that no chunk has yet; returns how many. A new segment must follow. */
uint64_t stream_writer_drop(struct stream_writer *s);
