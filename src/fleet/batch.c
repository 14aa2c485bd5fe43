// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/batch.h"

#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

static bool is_lacking(const struct fleet_lacks *lacks, enum fleet_table table, const char *name)
{
	for (unsigned i = 0; lacks && i < lacks->count; i++)
		if (lacks->item[i].table == table && !strcmp(lacks->item[i].name, name))
			return true;
	return false;
}

void fleet_layout_init(struct fleet_layout *l, bool extra, const struct fleet_lacks *lacks)
{
	for (unsigned t = 0; t < FLEET_TABLE_COUNT; t++) {
		const struct fleet_column *column[FLEET_COLUMNS_MAX];
		unsigned count = fleet_columns((enum fleet_table)t, extra, column);

		l->count[t] = 0;
		for (unsigned i = 0; i < count; i++)
			if (!is_lacking(lacks, (enum fleet_table)t, column[i]->name))
				l->column[t][l->count[t]++] = column[i];
	}
}

void fleet_batch_clear(struct fleet_batch *b)
{
	for (unsigned i = 0; i < b->count; i++)
		rowbinary_done(&b->block[i].body);
	free(b->block);
	b->block = NULL;
	b->count = b->size = 0;
	b->rows = 0;
}

static struct fleet_block *block_of(struct fleet_batch *b, enum fleet_table table, uint16_t day)
{
	for (unsigned i = 0; i < b->count; i++)
		if (b->block[i].table == table && b->block[i].day == day)
			return &b->block[i];
	if (b->count == b->size) {
		b->size = b->size ? 2 * b->size : 8;
		b->block = xrealloc(b->block, b->size * sizeof(*b->block));
	}
	b->block[b->count] = (struct fleet_block){.table = table, .day = day};
	return &b->block[b->count++];
}

void fleet_batch_add(struct fleet_batch *b, enum fleet_table table, const struct fleet_row *row)
{
	struct fleet_block *k = block_of(b, table, row->day);

	if (!k->rows || row->seq < k->first)
		k->first = row->seq;
	if (!k->rows || row->seq > k->last)
		k->last = row->seq;
	if (!k->rows || row->time_s < k->time_first)
		k->time_first = row->time_s;
	if (!k->rows || row->time_s > k->time_last)
		k->time_last = row->time_s;
	k->rows++;
	b->rows++;
	fleet_row_put(&k->body, row, b->layout.column[table], b->layout.count[table]);
}
