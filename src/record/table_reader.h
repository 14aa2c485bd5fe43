// SPDX-License-Identifier: BSD-2-Clause
/*
 * Blocks of one table taken apart into columns, and put together again as rows. What dictionaries
 * and column lists of the file say comes from its stream (stream_reader.h).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"
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

/* How a number gets into its field. */
enum reader_op { OP_U8, OP_U16, OP_U32, OP_U64, OP_NS, OP_ADDR, OP_OTHER };

/* A column of the block whose rows differ. */
struct reader_column {
	const uint64_t *value;
	const struct record_column *column;
	uint16_t offset;
	uint8_t op; /* enum reader_op */
};

struct table_reader {
	enum record_table table;
	const struct record_column *column[RECORD_TABLE_COLUMNS_MAX];
	unsigned columns;
	uint8_t slot[RECORD_NUMBER_END]; /* column + 1 by number; 0: not of this table */
	bool is_present[RECORD_TABLE_COLUMNS_MAX], is_constant[RECORD_TABLE_COLUMNS_MAX];
	/* What all rows of the block have, and what differs. */
	_Alignas(8) uint8_t row[sizeof(struct event)];
	struct reader_column differs[RECORD_TABLE_COLUMNS_MAX];
	unsigned differing;
	uint64_t *value; /* column by column, each `stride` numbers behind the one before */
	unsigned stride, rows, at;
	/* Rows [batch_from, batch_to) put together: column by column, since that is faster. */
	uint8_t *batch;
	unsigned batch_from, batch_to;
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
void table_reader_row(struct table_reader *t, const struct stream_reader *s, void *ret);

/* The time of the row at t->at, in us: of its column `number`, 0 if it has none. */
uint64_t table_reader_time(const struct table_reader *t, unsigned number);
