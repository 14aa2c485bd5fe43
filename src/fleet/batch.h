// SPDX-License-Identifier: BSD-2-Clause
/*
 * What is sent at once: blocks, each of them one INSERT. A block has rows of one table and one day:
 * days are partitions of the tables, and an insert into one partition is there whole or not at all.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "fleet/row.h"

/* Columns that a server's tables do not have, so that they are not sent. */
#define FLEET_LACKS_MAX 256

struct fleet_lacks {
	unsigned count;
	struct {
		enum fleet_table table;
		const char *name;
	} item[FLEET_LACKS_MAX];
};

/* What a batch's rows have, table by table. */
struct fleet_layout {
	const struct fleet_column *column[FLEET_TABLE_COUNT][FLEET_COLUMNS_MAX];
	unsigned count[FLEET_TABLE_COUNT];
};

void fleet_layout_init(struct fleet_layout *l, bool extra, const struct fleet_lacks *lacks);

struct fleet_block {
	enum fleet_table table;
	uint16_t day;
	uint64_t rows, first, last; /* their seq */
	uint32_t time_first, time_last;
	bool is_done; /* it is known to be there */
	struct rowbinary body;
};

struct fleet_batch {
	struct fleet_block *block;
	unsigned count, size;
	uint64_t rows;
	struct fleet_layout layout;
};

/* Add a row; `day`, `seq` and `time_s` of it are set. */
void fleet_batch_add(struct fleet_batch *b, enum fleet_table table, const struct fleet_row *row);

/* Forget the rows; the layout stays. */
void fleet_batch_clear(struct fleet_batch *b);
