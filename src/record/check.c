// SPDX-License-Identifier: BSD-2-Clause
#include "record/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zstd.h>

#include "record/recording_state.h"
#include "record/varint.h"
#include "util/out.h"
#include "util/xalloc.h"

#define GAPS_MAX 100
#define FLOWS_MAX 1048576u
#define LEVEL 3
#define US_PER_S 1000000

/* What one column of one table takes. */
struct column_bytes {
	uint64_t plain, alone; /* before packing; packed alone, segment by segment */
	uint8_t *segment;      /* of this segment, to be packed at its end */
	size_t used, room;
};

struct record_check {
	struct recording_stats stats;
	struct record_meta meta;
	uint64_t table_rows[RECORD_TABLE_END], segments, keys;
	int64_t from_wall_us, to_wall_us;
	struct recording_gap gap[GAPS_MAX];
	unsigned gaps;
	uint64_t lost_flows, dropped_rows;
	/* Where the bytes go. */
	bool wants_bytes;
	struct column_bytes *column; /* by table, then by place in record_columns */
	uint32_t mark;
	ZSTD_CCtx *zstd;
	uint8_t *packed;
};

static void pack_segment(struct record_check *c)
{
	for (unsigned i = 0; i < RECORD_TABLE_END * record_column_count; i++) {
		struct column_bytes *b = &c->column[i];
		size_t n;

		if (!b->used)
			continue;
		n = ZSTD_compressCCtx(c->zstd, c->packed, ZSTD_compressBound(b->used), b->segment,
				      b->used, LEVEL);
		b->alone += ZSTD_isError(n) ? 0 : n;
		b->used = 0;
	}
}

static void add_bytes(struct column_bytes *b, const uint8_t *p, size_t len)
{
	if (b->room - b->used < len) {
		b->room = (b->used + len) * 2;
		b->segment = xrealloc(b->segment, b->room);
	}
	memcpy(b->segment + b->used, p, len);
	b->used += len;
	b->plain += len;
}

static void count_block(struct record_check *c, const struct block *b)
{
	const uint8_t *p = b->columns;

	while (p && p < b->end) {
		const struct record_column *column;
		uint64_t key, bytes;

		p = varint_get(p, b->end, &key);
		p = p ? varint_get(p, b->end, &bytes) : NULL;
		if (!p || bytes > (size_t)(b->end - p))
			return;
		column = key >> 4 < RECORD_NUMBER_END ? record_column_find((unsigned)(key >> 4))
						      : NULL;
		if (column)
			add_bytes(&c->column[b->table * record_column_count +
					     (unsigned)(column - record_columns)],
				  p, bytes);
		p += bytes;
	}
}

/* Each chunk that was loaded. */
static void look(void *context, const struct recording *r)
{
	struct record_check *c = context;
	const uint8_t *p = r->raw, *end = r->raw + r->chunk.raw_bytes;
	struct block b;

	if (c->wants_bytes && c->mark != r->mark)
		pack_segment(c);
	c->segments += c->mark != r->mark;
	c->mark = r->mark;
	c->keys += r->chunk.flags & CHUNK_KEY_END ? 1 : 0;
	while (p < end && (p = block_get(p, end, &b))) {
		if (b.table >= RECORD_TABLE_END)
			continue;
		c->table_rows[b.table] += b.rows;
		if (c->wants_bytes)
			count_block(c, &b);
	}
}

static void take(struct record_check *c, const struct recording *r, int item)
{
	int64_t now_us = recording_wall_us(r, r->last_tick_us);

	if (!c->from_wall_us)
		c->from_wall_us = now_us;
	c->to_wall_us = now_us;
	if (item == RECORDING_GAP && c->gaps < GAPS_MAX)
		c->gap[c->gaps++] = *recording_gap(r);
	if (item == RECORDING_LOSS) {
		const struct record_loss *l = recording_loss(r);

		c->lost_flows = l->lost + l->missed + l->table_full;
		c->dropped_rows = l->dropped_rows;
	}
}

int record_check(struct record_check **ret, const char *path, bool wants_bytes, char *why,
		 size_t why_size)
{
	const struct recording_config config = {.from_wall_us = RECORDING_NO_FROM,
						.to_wall_us = RECORDING_NO_TO,
						.flows_max = FLOWS_MAX};
	struct record_check *c;
	struct recording *r;
	struct event ev;
	int item = recording_open(&r, path, &config, why, why_size);

	if (item)
		return item;
	c = xcalloc(1, sizeof(*c));
	c->wants_bytes = wants_bytes;
	c->column = xcalloc(RECORD_TABLE_END * record_column_count, sizeof(*c->column));
	c->packed = reserve(ZSTD_compressBound(CHUNK_RAW_MAX * 16));
	c->zstd = ZSTD_createCCtx();
	r->observe = look;
	r->observe_context = c;
	while ((item = recording_next(r, &ev)) > 0)
		take(c, r, item);
	pack_segment(c);
	recording_get_stats(r, &c->stats);
	c->meta = *recording_meta(r);
	if (item)
		snprintf(why, why_size, "%s", r->why[0] ? r->why : strerror(-item));
	recording_close(r);
	if (item) {
		record_check_free(c);
		return item;
	}
	*ret = c;
	return 0;
}

void record_check_free(struct record_check *c)
{
	for (unsigned i = 0; i < RECORD_TABLE_END * record_column_count; i++)
		free(c->column[i].segment);
	free(c->column);
	reserve_free(c->packed, ZSTD_compressBound(CHUNK_RAW_MAX * 16));
	ZSTD_freeCCtx(c->zstd);
	free(c);
}

bool record_check_has_loss(const struct record_check *c)
{
	return c->stats.damaged_bytes || c->stats.lost_rows || c->stats.bad_rows ||
	       c->stats.repeated_rows;
}

void record_check_contents(const struct record_check *c, struct record_contents *ret)
{
	*ret = (struct record_contents){
		.meta = &c->meta,
		.from_wall_us = c->from_wall_us,
		.to_wall_us = c->to_wall_us,
		.bytes = c->stats.bytes,
		.closes = c->table_rows[RECORD_CLOSE],
		.lost_flows = c->lost_flows,
		.dropped_rows = c->dropped_rows,
		.damaged_bytes = c->stats.damaged_bytes,
		.lost_rows = c->stats.lost_rows,
		.gap = c->gap,
		.gaps = c->gaps,
	};
}

static void format_time(int64_t wall_us, char *buf, size_t size)
{
	time_t s = (time_t)(wall_us / US_PER_S);
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(buf, size, "%Y-%m-%d %H:%M:%S UTC", &tm);
}

const char *record_gap_text(const struct recording_gap *g, char *buf, size_t size)
{
	char from[40], to[40], rows[64] = "how many rows is not known";

	format_time(g->from_wall_us, from, sizeof(from));
	format_time(g->to_wall_us, to, sizeof(to));
	if (g->rows_are_known)
		snprintf(rows, sizeof(rows), "%" PRIu64 " rows by their numbers", g->rows);
	switch (g->kind) {
	case GAP_DAMAGE:
		snprintf(buf, size,
			 "%" PRIu64 " damaged bytes at offset %" PRIu64 " (from %s to %s; %s)",
			 g->bytes, g->offset, from, to, rows);
		break;
	case GAP_TORN:
		snprintf(buf, size,
			 "ends in the middle of a chunk (%" PRIu64
			 " bytes left out at offset %" PRIu64 ")",
			 g->bytes, g->offset);
		break;
	case GAP_MISSING:
		snprintf(buf, size, "rows are missing from %s to %s: %s", from, to, rows);
		break;
	case GAP_REPEATED:
		snprintf(buf, size,
			 "%" PRIu64 " bytes at offset %" PRIu64
			 " were there before and are left out",
			 g->bytes, g->offset);
		break;
	case GAP_STOPPED:
		snprintf(buf, size, "no data from %s to %s: the recorder did not run", from, to);
		break;
	}
	return buf;
}

static void print_bytes(const struct record_check *c, struct out *o)
{
	out_format(o, "\n%-12s %-18s %12s %14s %14s %10s\n", "TABLE", "COLUMN", "ROWS", "BYTES",
		   "PACKED ALONE", "EACH");
	for (unsigned t = 0; t < RECORD_TABLE_END; t++)
		for (unsigned i = 0; i < record_column_count; i++) {
			const struct column_bytes *b = &c->column[t * record_column_count + i];

			if (b->plain)
				out_format(o,
					   "%-12s %-18s %12" PRIu64 " %14" PRIu64 " %14" PRIu64
					   " %10.3f\n",
					   record_tables[t].name, record_columns[i].name,
					   c->table_rows[t], b->plain, b->alone,
					   (double)b->alone / (double)(c->table_rows[t]
									       ? c->table_rows[t]
									       : 1));
		}
}

void record_check_print(const struct record_check *c, struct out *o)
{
	char from[40], to[40], text[256];

	for (unsigned i = 0; i < c->gaps; i++)
		out_format(o, "%s%s%s\n", c->gap[i].file, c->gap[i].file[0] ? ": " : "",
			   record_gap_text(&c->gap[i], text, sizeof(text)));
	format_time(c->from_wall_us, from, sizeof(from));
	format_time(c->to_wall_us, to, sizeof(to));
	out_format(o, "host %s, run %s, tcpsight %s on %s %s\n", c->meta.host, c->meta.run,
		   c->meta.version, c->meta.kernel, c->meta.arch);
	out_format(o, "from %s to %s, every %.3f s\n", from, to,
		   (double)c->meta.interval_us / US_PER_S);
	out_format(o,
		   "%" PRIu64 " bytes in %" PRIu64 " chunks, %" PRIu64 " segments, %" PRIu64
		   " key frames\n",
		   c->stats.bytes, c->stats.chunks, c->segments, c->keys);
	out_format(o,
		   "%" PRIu64 " damaged bytes, %" PRIu64 " lost rows, %" PRIu64
		   " repeated rows, %" PRIu64 " unreadable rows\n",
		   c->stats.damaged_bytes, c->stats.lost_rows, c->stats.repeated_rows,
		   c->stats.bad_rows);
	if (c->stats.unknown_example[0])
		out_format(o,
			   "of a newer version: %" PRIu64 " tables, %" PRIu64 " columns, %" PRIu64
			   " encodings, %" PRIu64 " words, such as %s\n",
			   c->stats.unknown_tables, c->stats.unknown_columns,
			   c->stats.unknown_encodings, c->stats.unknown_words,
			   c->stats.unknown_example);
	for (unsigned t = RECORD_FIRST_DATA_TABLE; t < RECORD_TABLE_END; t++)
		if (c->table_rows[t])
			out_format(o, "%-12s %12" PRIu64 " rows\n", record_tables[t].name,
				   c->table_rows[t]);
	if (c->wants_bytes)
		print_bytes(c, o);
}
