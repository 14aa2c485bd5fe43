// SPDX-License-Identifier: BSD-2-Clause
#include "record/stream_writer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "record/chunk.h"
#include "record/rows.h"
#include "record/varint.h"
#include "util/xalloc.h"

/*
 * A chunk that has so much is closed before its interval ends, and so it is when so much waits in the
 * dictionaries. One more block still fits then, with 512 KiB of texts, as long as its rows have no
 * more than 1,200 bytes; now it is some 600 at the very worst. RAW_BYTES leaves room to work in.
 */
#define SEAL_BYTES (512u << 10)
#define NEWS_BYTES (512u << 10)
#define RAW_BYTES (CHUNK_RAW_MAX * 2)
/* What an entry takes at most. */
#define ADDR_BYTES 17u
#define LOCAL_BYTES 64u
/* Back references reach so far; what it costs a reader, too. */
#define WINDOW_LOG 17
/*
 * What zstd remembers of that: with these it takes 0.6 MiB less for each stream than by its own choice,
 * and finds less: a closed flow takes 24.75 bytes, not 24.67.
 */
#define HASH_LOG 15
#define CHAIN_LOG 14

#define TEXTS_MAX 32768u
#define TEXT_BYTES_MAX (512u << 10)
#define ADDRS_MAX 262144u
#define LOCALS_MAX 32768u

/* In which order the tables stand in a chunk; a reader goes by it too. */
static const enum record_table order[] = {
	RECORD_QUIET,  RECORD_NAME,	 RECORD_KEY,   RECORD_IDENT, RECORD_OPEN,
	RECORD_CLOSE,  RECORD_HANDSHAKE, RECORD_RESET, RECORD_LOSS,  RECORD_NOTE,
	RECORD_SAMPLE, RECORD_HOST,	 RECORD_TICK,
};
#define ORDER_COUNT (sizeof(order) / sizeof(order[0]))

static bool is_ours(const struct stream_writer *s, unsigned table)
{
	return record_tables[table].name && record_tables[table].streams & 1u << s->which &&
	       table != RECORD_TEXT && table != RECORD_ADDR;
}

/* Make zstd take its memory now: later it asks for no more, and cannot fail. */
static int warm_up(struct stream_writer *s)
{
	ZSTD_inBuffer in = {.src = s->raw};
	ZSTD_outBuffer out = {.dst = s->packed, .size = CHUNK_STORED_MAX};

	if (ZSTD_isError(ZSTD_compressStream2(s->zstd, &out, &in, ZSTD_e_flush)))
		return -ENOMEM;
	ZSTD_CCtx_reset(s->zstd, ZSTD_reset_session_only);
	return 0;
}

int stream_writer_init(struct stream_writer *s)
{
	dictionary_init(&s->d.text, TEXTS_MAX, TEXT_BYTES_MAX);
	dictionary_init(&s->d.addr, ADDRS_MAX, ADDRS_MAX * 16);
	dictionary_init(&s->d.local, LOCALS_MAX,
			LOCALS_MAX * (uint32_t)sizeof(struct record_local));
	for (unsigned i = 0; i < RECORD_TABLE_END; i++) {
		if (!is_ours(s, i))
			continue;
		s->table[i] = xcalloc(1, sizeof(*s->table[i]));
		table_writer_init(s->table[i], i, s->extra);
	}
	s->raw = reserve(RAW_BYTES);
	s->packed = reserve(CHUNK_STORED_MAX * 2);
	if (!s->level)
		return 0;
	s->zstd = ZSTD_createCCtx();
	if (!s->zstd ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_compressionLevel, s->level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_windowLog, WINDOW_LOG)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_hashLog, HASH_LOG)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_chainLog, CHAIN_LOG)))
		return -ENOMEM;
	return warm_up(s);
}

void stream_writer_done(struct stream_writer *s)
{
	dictionary_done(&s->d.text);
	dictionary_done(&s->d.addr);
	dictionary_done(&s->d.local);
	for (unsigned i = 0; i < RECORD_TABLE_END; i++) {
		if (s->table[i])
			table_writer_done(s->table[i]);
		free(s->table[i]);
	}
	reserve_free(s->raw, RAW_BYTES);
	reserve_free(s->packed, CHUNK_STORED_MAX * 2);
	ZSTD_freeCCtx(s->zstd);
	*s = (struct stream_writer){0};
}

void stream_writer_begin_segment(struct stream_writer *s)
{
	dictionary_clear(&s->d.text);
	dictionary_clear(&s->d.addr);
	dictionary_clear(&s->d.local);
	s->number = s->raw_bytes = 0;
	s->segment_bytes = 0;
	s->told_tables = 0;
	memset(s->told_columns, 0, sizeof(s->told_columns));
	if (s->zstd)
		ZSTD_CCtx_reset(s->zstd, ZSTD_reset_session_only);
}

/* Write what is new in a dictionary of bytes. */
static void tell_bytes(struct stream_writer *s, enum record_table table, struct dictionary *d)
{
	uint8_t *p = s->raw + s->raw_bytes;

	while (d->told < d->count) {
		uint32_t left = d->count - d->told;
		uint32_t to = d->told + (left < BLOCK_ROWS ? left : BLOCK_ROWS);

		p = table_writer_put_bytes(p, table, d, d->told, to);
		d->told = to;
	}
	s->raw_bytes = (uint32_t)(p - s->raw);
}

static void put(struct stream_writer *s, struct table_writer *t)
{
	if (t->rows)
		s->raw_bytes = (uint32_t)(table_writer_put(t, s->raw + s->raw_bytes) - s->raw);
}

static void put_schema_row(struct stream_writer *s, enum record_table table,
			   const struct record_schema *row)
{
	table_writer_add(s->table[table], &s->d, row);
}

/*
 * Before the first block of a table in a segment: its name, and the columns that no table before had,
 * so that the file explains itself.
 */
static void put_schema(struct stream_writer *s, const struct table_writer *t)
{
	struct record_schema row = {.number = t->table, .name = record_tables[t->table].name};

	if (s->told_tables >> t->table & 1)
		return;
	s->told_tables |= 1u << t->table;
	put_schema_row(s, RECORD_TABLES, &row);
	for (unsigned i = 0; i < t->columns; i++) {
		const struct record_column *c = t->column[i];

		if (s->told_columns[c->number])
			continue;
		s->told_columns[c->number] = 1;
		row = (struct record_schema){.number = c->number,
					     .type = c->type,
					     .name = c->name,
					     .unit = c->unit,
					     .words = c->words};
		put_schema_row(s, RECORD_COLUMNS, &row);
	}
}

/* All that the next block refers to; local sides refer to texts and addresses, so these go first. */
static void tell(struct stream_writer *s)
{
	struct table_writer *t = s->table[RECORD_LOCAL];
	struct dictionary *d = &s->d.local;

	do {
		while (d->told < d->count && t->rows < BLOCK_ROWS) {
			struct record_local l;
			uint32_t len;

			memcpy(&l, dictionary_entry(d, d->told++, &len), sizeof(l));
			table_writer_add(t, &s->d, &l);
		}
		if (t->rows)
			put_schema(s, t);
		tell_bytes(s, RECORD_TEXT, &s->d.text);
		tell_bytes(s, RECORD_ADDR, &s->d.addr);
		put(s, s->table[RECORD_TABLES]);
		put(s, s->table[RECORD_COLUMNS]);
		put(s, t);
	} while (d->told < d->count);
}

static void put_rows(struct stream_writer *s, struct table_writer *t)
{
	put_schema(s, t);
	tell(s);
	s->rows += t->rows;
	put(s, t);
}

/* Pack what was written and emit it as a chunk. What its rows refer to by name must not come later. */
static void pack(struct stream_writer *s)
{
	ZSTD_inBuffer in = {.src = s->raw};
	ZSTD_outBuffer out = {.dst = s->packed, .size = CHUNK_STORED_MAX * 2};
	struct table_writer *names = s->table[RECORD_NAME];
	size_t left;

	if (names && names->rows)
		put_rows(s, names);
	in.size = s->raw_bytes;
	assert(s->raw_bytes <= CHUNK_RAW_MAX);
	if (s->level) {
		do {
			left = ZSTD_compressStream2(s->zstd, &out, &in, ZSTD_e_flush);
			assert(!ZSTD_isError(left));
		} while (left);
		s->emit(s->context, s, s->packed, (uint32_t)out.pos);
	} else {
		s->emit(s->context, s, s->raw, s->raw_bytes);
	}
	s->number++;
	s->segment_bytes += s->raw_bytes;
	s->raw_bytes = 0;
	s->rows = 0;
}

static void put_block(struct stream_writer *s, struct table_writer *t)
{
	if (s->raw_bytes >= SEAL_BYTES)
		pack(s);
	put_rows(s, t);
}

/*
 * Dictionaries are emptied between chunks only, so that all rows of a chunk may use all entries
 * that it brings. A block without rows says so.
 */
static void make_room(struct stream_writer *s)
{
	struct {
		enum record_table table;
		struct dictionary *d;
	} all[] = {{RECORD_TEXT, &s->d.text},
		   {RECORD_ADDR, &s->d.addr},
		   {RECORD_LOCAL, &s->d.local}};

	for (unsigned i = 0; i < 3; i++) {
		if (all[i].d->count < all[i].d->limit / 4 &&
		    all[i].d->bytes_used < all[i].d->bytes_limit / 4 * 3)
			continue;
		dictionary_clear(all[i].d);
		s->raw_bytes = (uint32_t)(table_writer_put_bytes(s->raw + s->raw_bytes,
								 all[i].table, all[i].d, 0, 0) -
					  s->raw);
	}
}

void stream_writer_add(struct stream_writer *s, enum record_table table, const void *row)
{
	struct table_writer *t = s->table[table];
	uint32_t known = s->d.local.count;

	table_writer_add(t, &s->d, row);
	if (t->rows == BLOCK_ROWS)
		put_block(s, t);
	if (s->d.local.count > known) {
		struct record_local l;
		uint32_t len;

		memcpy(&l, dictionary_entry(&s->d.local, known, &len), sizeof(l));
		s->new_local(s->context, &l);
	}
}

static uint32_t news_bytes(const struct dictionaries *d)
{
	return (d->addr.count - d->addr.told) * ADDR_BYTES +
	       (d->local.count - d->local.told) * LOCAL_BYTES;
}

bool stream_writer_is_full(const struct stream_writer *s)
{
	return s->raw_bytes >= SEAL_BYTES || news_bytes(&s->d) >= NEWS_BYTES || !dictionary_has_room(&s->d.text, 8, RECORD_TEXT_MAX) ||
	       !dictionary_has_room(&s->d.text, 512, 16) ||
	       !dictionary_has_room(&s->d.addr, 4, 16) ||
	       !dictionary_has_room(&s->d.local, 2, sizeof(struct record_local));
}

bool stream_writer_has_rows(const struct stream_writer *s)
{
	if (s->rows)
		return true;
	for (unsigned i = 0; i < ORDER_COUNT; i++)
		if (s->table[order[i]] && s->table[order[i]]->rows)
			return true;
	return false;
}

void stream_writer_seal(struct stream_writer *s, bool even_empty)
{
	for (unsigned i = 0; i < ORDER_COUNT; i++)
		if (s->table[order[i]] && s->table[order[i]]->rows)
			put_block(s, s->table[order[i]]);
	if (s->rows || even_empty)
		pack(s);
	make_room(s);
}

uint64_t stream_writer_drop(struct stream_writer *s)
{
	uint64_t dropped = s->rows;

	for (unsigned i = 0; i < ORDER_COUNT; i++)
		if (s->table[order[i]]) {
			dropped += s->table[order[i]]->rows;
			s->table[order[i]]->rows = 0;
		}
	s->raw_bytes = s->rows = 0;
	return dropped;
}
