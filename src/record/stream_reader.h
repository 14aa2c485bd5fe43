// SPDX-License-Identifier: BSD-2-Clause
/*
 * One of the two streams of a recording that is read: unpacks its chunks and knows its dictionaries
 * and column lists, all of which begin anew with each segment.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/addr.h"
#include "record/chunk.h"
#include "record/columns.h"
#include "record/table_reader.h"

/* What files may hold; a writer stays well below. */
#define READER_TEXTS_MAX 131072u
#define READER_TEXT_BYTES_MAX (4u << 20)
#define READER_ADDRS_MAX 524288u
#define READER_LOCALS_MAX 65536u
#define READER_WORDS_MAX 256u

struct ZSTD_DCtx_s;

/* What the file says of one of our columns. */
struct column_reader {
	bool is_other;			/* of another type in the file: it cannot be read */
	uint8_t word[READER_WORDS_MAX]; /* our number of each of the file's words */
	uint64_t flags;			/* bits that mean the same here and there */
};

/* What was met that this version does not know. */
struct stream_unknown {
	uint32_t tables, columns, encodings, words;
	char example[64]; /* "word end_reason=lost" */
};

struct stream_reader {
	bool is_broken;	 /* until the next segment */
	uint32_t number; /* of the chunk that comes next */
	struct ZSTD_DCtx_s *zstd;
	char *text_bytes;
	uint32_t *text_at;
	uint32_t text_used, text_count, addr_count, local_count;
	struct addr *addr;
	struct record_local *local;
	struct column_reader *column; /* by place in record_columns */
	struct table_reader local_table, tables_table, columns_table;
	struct stream_unknown unknown;
};

/* 0 or -ENOMEM. */
int stream_reader_init(struct stream_reader *s);
void stream_reader_done(struct stream_reader *s);

/* A segment begins. */
void stream_reader_begin_segment(struct stream_reader *s);

/*
 * Unpack the payload of a chunk into `raw`, which has room for h->raw_bytes. Returns 0, or -EBADMSG
 * if it does not have the length that its header says; then the stream is broken.
 */
int stream_reader_unpack(struct stream_reader *s, const struct chunk_header *h,
			 const uint8_t *payload, uint8_t *raw);

/*
 * Learn from an unpacked payload what its dictionaries and column lists bring, and count its rows.
 * Returns 0, or -EBADMSG if it is damaged; then the stream is broken.
 */
int stream_reader_learn(struct stream_reader *s, const uint8_t *raw, size_t bytes,
			uint32_t *ret_rows);

/* Note something unknown. */
void stream_reader_note(struct stream_reader *s, uint32_t *counter, const char *what,
			const char *name, const char *word, unsigned word_len);

static inline const char *stream_reader_text(const struct stream_reader *s, uint64_t i)
{
	return s->text_bytes + s->text_at[i];
}
