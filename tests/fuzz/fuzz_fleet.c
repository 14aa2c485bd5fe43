// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a server may answer, and what a user may ask for. Rows: whatever comes, no read is beyond its end, all texts
 * are ended, and a row that was taken gives the same bytes again. Filters: no byte of theirs is in the query
 * but digits, hexadecimal ones and words of ours.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/http.h"
#include "fleet/match.h"
#include "fleet/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static void read_rows(const uint8_t *data, size_t size)
{
	static struct fleet_row row, again;
	enum fleet_table table = (enum fleet_table)(data[0] % FLEET_TABLE_COUNT);
	const struct fleet_column *column[FLEET_COLUMNS_MAX];
	unsigned count = fleet_columns(table, data[0] & 0x80, column);
	struct rowbinary_reader in = {data + 1, data + size, false};

	while (in.at < in.end && !in.failed) {
		struct rowbinary b = {0};
		struct rowbinary_reader back;

		memset(&row, 0xa5, sizeof(row));
		memset(&again, 0xa5, sizeof(again));
		fleet_row_get(&in, &row, column, count);
		for (unsigned i = 0; i < count; i++)
			if (column[i]->type == FLEET_TEXT)
				require(memchr((char *)&row + column[i]->offset, 0, column[i]->size) != NULL);
		if (in.failed)
			return;
		fleet_row_put(&b, &row, column, count);
		back = (struct rowbinary_reader){b.byte, b.byte + b.len, false};
		fleet_row_get(&back, &again, column, count);
		require(!back.failed && back.at == back.end);
		rowbinary_done(&b);
	}
}

static void make_query(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct fleet_match m = {0};
	struct sql q = {0};

	memcpy(text, data, size);
	text[size] = '\0';
	fleet_match_add(&m, text);
	fleet_match_sql(&m, data[0] & 1, &q);
	require(m.count <= FLEET_TERMS_MAX);
	/* Quotes stand around hexadecimal digits and addresses alone. */
	for (const char *p = q.text ? strchr(q.text, '\'') : NULL; p; p = strchr(p, '\'')) {
		size_t len = strspn(p + 1, "0123456789abcdef:.");

		require(p[1 + len] == '\'');
		p += len + 2;
	}
	require(!q.text || strspn(q.text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '(),=:.") ==
				   q.len);
	fleet_http_code(text);
	sql_done(&q);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	read_rows(data, size);
	make_query(data, size);
	return 0;
}
