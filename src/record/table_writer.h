// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rows of one table on their way into a file: each row is taken apart into its columns at once, and
 * the columns become a block. What columns refer to goes into the dictionaries.
 *
 * A block: varint table, varint rows, varint bytes; then, in so many bytes, columns: varint (number
 * of the column * 16 + encoding), varint bytes, and the bytes.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/columns.h"
#include "record/dictionary.h"

/* Rows of a block that we write, and that any may have. */
#define BLOCK_ROWS 2048u
#define BLOCK_ROWS_MAX 2048u

struct dictionaries {
	struct dictionary text, addr, local;
};

struct table_writer {
	enum record_table table;
	const struct record_column *column[RECORD_TABLE_COLUMNS_MAX];
	unsigned columns, rows;
	uint64_t *value; /* column by column */
};

/* Room that a block may need at most, beside its dictionaries. */
size_t table_writer_block_max(const struct table_writer *t);

void table_writer_init(struct table_writer *t, enum record_table table, bool extra);
void table_writer_done(struct table_writer *t);

/* Add a row, a struct of the table's kind. There must be room for it: t->rows < BLOCK_ROWS. */
void table_writer_add(struct table_writer *t, struct dictionaries *d, const void *row);

/* Write the rows as a block at `p` and forget them. Returns the end. There must be a row. */
uint8_t *table_writer_put(struct table_writer *t, uint8_t *p);

/* Write entries [from, to) of a dictionary of bytes as a block; none: its readers forget it. */
uint8_t *table_writer_put_bytes(uint8_t *p, enum record_table table, const struct dictionary *d,
				uint32_t from, uint32_t to);
