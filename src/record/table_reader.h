// SPDX-License-Identifier: BSD-2-Clause
/*
 * Blocks of one table taken apart into columns, and put together again as rows. What dictionaries
 * and column lists of the file say comes from its stream (stream_reader.h).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/columns.h"
#include "record/table_writer.h"

struct stream_reader;

/* A block as it lies in a payload. */
struct block {
	uint64_t table;
	uint32_t rows;
	const uint8_t *columns, *end;
};

/* Read a block from [p, end). Returns what follows it, or NULL if it is damaged. */
const uint8_t *block_get(const uint8_t *p, const uint8_t *end, struct block *ret);

struct table_reader {
	enum record_table table;
	const struct record_column *column[RECORD_TABLE_COLUMNS_MAX];
	unsigned columns;
	uint8_t slot[RECORD_NUMBER_END]; /* column + 1 by number; 0: not of this table */
	bool is_present[RECORD_TABLE_COLUMNS_MAX];
	uint8_t present[RECORD_TABLE_COLUMNS_MAX]; /* of which this block has numbers */
	unsigned present_count;
	bool lacks_text; /* a text is not present */
	uint64_t *value; /* column by column */
	unsigned rows, at;
};

void table_reader_init(struct table_reader *t, enum record_table table);
void table_reader_done(struct table_reader *t);

/*
 * Take a block of this table apart. Columns that are not known, or encoded in a way that is not,
 * are missing. Returns 0, or -EBADMSG with no rows.
 */
int table_reader_set(struct table_reader *t, struct stream_reader *s, const struct block *b);

/* Is there a row at t->at? */
static inline bool table_reader_has_row(const struct table_reader *t)
{
	return t->at < t->rows;
}

/* Make the struct of the row at t->at; what is missing is 0. Texts are borrowed from the stream. */
void table_reader_row(const struct table_reader *t, const struct stream_reader *s, void *ret);

/* The time of the row at t->at, in us: of its column `number`, 0 if it has none. */
uint64_t table_reader_time(const struct table_reader *t, unsigned number);
