// SPDX-License-Identifier: BSD-2-Clause
#include "record/stream_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "record/varint.h"
#include "util/xalloc.h"

/* A stream that asks for more memory than this is refused: writers ask for a quarter. */
#define WINDOW_LOG_MAX 20

/* The dictionaries, in one piece of memory. */
struct dictionaries_read {
	struct record_local local[READER_LOCALS_MAX];
	struct addr addr[READER_ADDRS_MAX];
	uint32_t text_at[READER_TEXTS_MAX];
	char text_bytes[READER_TEXT_BYTES_MAX];
};

int stream_reader_init(struct stream_reader *s)
{
	struct dictionaries_read *d = reserve(sizeof(*d));

	*s = (struct stream_reader){
		.local = d->local,
		.addr = d->addr,
		.text_at = d->text_at,
		.text_bytes = d->text_bytes,
		.column = xcalloc(record_column_count, sizeof(*s->column)),
		.zstd = ZSTD_createDCtx(),
	};
	table_reader_init(&s->local_table, RECORD_LOCAL);
	table_reader_init(&s->tables_table, RECORD_TABLES);
	table_reader_init(&s->columns_table, RECORD_COLUMNS);
	if (!s->zstd ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return -ENOMEM;
	stream_reader_begin_segment(s);
	return 0;
}

void stream_reader_done(struct stream_reader *s)
{
	reserve_free(s->local, sizeof(struct dictionaries_read));
	free(s->column);
	table_reader_done(&s->local_table);
	table_reader_done(&s->tables_table);
	table_reader_done(&s->columns_table);
	ZSTD_freeDCtx(s->zstd);
	*s = (struct stream_reader){0};
}

/* Until the file says otherwise, its words are ours. */
static void assume_own_words(struct stream_reader *s)
{
	for (unsigned i = 0; i < record_column_count; i++) {
		struct column_reader *r = &s->column[i];
		const char *words = record_columns[i].words;
		unsigned len;

		r->is_other = false;
		if (!words)
			continue;
		memset(r->word, 0, sizeof(r->word));
		r->flags = 0;
		for (unsigned w = 0; w < READER_WORDS_MAX && record_word(words, w, &len); w++) {
			r->word[w] = (uint8_t)w;
			r->flags |= w < 64 ? 1ull << w : 0;
		}
	}
}

void stream_reader_begin_segment(struct stream_reader *s)
{
	s->is_broken = false;
	s->number = 0;
	s->text_used = s->text_count = s->addr_count = s->local_count = 0;
	assume_own_words(s);
	ZSTD_DCtx_reset(s->zstd, ZSTD_reset_session_only);
}

static int broken(struct stream_reader *s)
{
	s->is_broken = true;
	return -EBADMSG;
}

int stream_reader_unpack(struct stream_reader *s, const struct chunk_header *h,
			 const uint8_t *payload, uint8_t *raw)
{
	ZSTD_inBuffer in = {.src = payload, .size = h->stored_bytes};
	ZSTD_outBuffer out = {.dst = raw, .size = h->raw_bytes};
	uint8_t more;

	if (h->flags & CHUNK_UNPACKED) {
		memcpy(raw, payload, h->stored_bytes);
		return 0;
	}
	while (in.pos < in.size) {
		size_t in_before = in.pos, out_before = out.pos;
		size_t r = ZSTD_decompressStream(s->zstd, &out, &in);

		/* Neither forward nor an error: there is more than the header says. */
		if (ZSTD_isError(r) || (in.pos == in_before && out.pos == out_before))
			return broken(s);
	}
	/* All that went in must have come out, and no more. */
	if (out.pos == out.size) {
		out = (ZSTD_outBuffer){.dst = &more, .size = 1};
		if (ZSTD_isError(ZSTD_decompressStream(s->zstd, &out, &in)) || out.pos)
			return broken(s);
		return 0;
	}
	while (out.pos < out.size) {
		size_t out_before = out.pos;

		if (ZSTD_isError(ZSTD_decompressStream(s->zstd, &out, &in)) ||
		    out.pos == out_before)
			return broken(s);
	}
	return 0;
}

void stream_reader_note(struct stream_reader *s, uint32_t *counter, const char *what,
			const char *name, const char *word, unsigned word_len)
{
	if (!s->unknown.example[0])
		snprintf(s->unknown.example, sizeof(s->unknown.example), "%s %s%s%.*s", what, name,
			 word_len ? "=" : "", (int)word_len, word);
	++*counter;
}

static int learn_text(struct stream_reader *s, const uint8_t *p, size_t len)
{
	if (s->text_count == READER_TEXTS_MAX || READER_TEXT_BYTES_MAX - s->text_used <= len)
		return -EBADMSG;
	s->text_at[s->text_count++] = s->text_used;
	memcpy(s->text_bytes + s->text_used, p, len);
	s->text_used += (uint32_t)len;
	s->text_bytes[s->text_used++] = '\0';
	return 0;
}

static int learn_addr(struct stream_reader *s, const uint8_t *p, size_t len)
{
	struct addr *a = &s->addr[s->addr_count];
	__u32 v4_be;

	if (s->addr_count == READER_ADDRS_MAX || (len != 4 && len != 16))
		return -EBADMSG;
	if (len == 4) {
		memcpy(&v4_be, p, 4);
		addr_set_v4(a, v4_be);
	} else {
		memcpy(a, p, 16);
	}
	s->addr_count++;
	return 0;
}

/* Texts or addresses: one column, of lengths and bytes. */
static int learn_bytes(struct stream_reader *s, const struct block *b)
{
	const uint8_t *p = b->columns, *end = b->end, *lengths, *bytes;
	uint64_t key, size, len;

	if (!b->rows) {
		if (b->table == RECORD_TEXT)
			s->text_used = s->text_count = 0;
		else
			s->addr_count = 0;
		return 0;
	}
	p = varint_get(p, end, &key);
	if (p)
		p = varint_get(p, end, &size);
	if (!p || key != (1 << 4 | ENCODING_BYTES) || size > (size_t)(end - p))
		return -EBADMSG;
	lengths = bytes = p;
	end = p + size;
	for (uint32_t i = 0; i < b->rows && bytes; i++)
		bytes = varint_get(bytes, end, &len);
	for (uint32_t i = 0; i < b->rows && bytes; i++) {
		lengths = varint_get(lengths, end, &len);
		if (len > (size_t)(end - bytes) ||
		    (b->table == RECORD_TEXT ? learn_text(s, bytes, len)
					     : learn_addr(s, bytes, len)))
			return -EBADMSG;
		bytes += len;
	}
	return bytes == end ? 0 : -EBADMSG;
}

static int learn_locals(struct stream_reader *s, const struct block *b)
{
	struct table_reader *t = &s->local_table;

	if (!b->rows) {
		s->local_count = 0;
		return 0;
	}
	if (table_reader_set(t, s, b) || READER_LOCALS_MAX - s->local_count < t->rows)
		return -EBADMSG;
	for (; table_reader_has_row(t); t->at++)
		table_reader_row(t, s, &s->local[s->local_count++]);
	return 0;
}

/* The words of the file for one of our columns. */
static void learn_words(struct stream_reader *s, const struct record_column *c, const char *words)
{
	struct column_reader *r = &s->column[c - record_columns];
	const char *word;
	unsigned len;

	/* The same list as ours, as nearly always: see assume_own_words(). */
	if (!strcmp(words, c->words))
		return;
	memset(r->word, 0, sizeof(r->word));
	r->flags = 0;
	for (unsigned i = 0; i < READER_WORDS_MAX && (word = record_word(words, i, &len)); i++) {
		int own = record_word_find(c->words, word, len);

		if (own < 0)
			stream_reader_note(s, &s->unknown.words, "word", c->name, word, len);
		else
			r->word[i] = (uint8_t)own;
		if (own == (int)i && i < 64)
			r->flags |= 1ull << i;
	}
}

static int learn_columns(struct stream_reader *s, const struct block *b)
{
	struct table_reader *t = &s->columns_table;

	if (table_reader_set(t, s, b))
		return -EBADMSG;
	for (; table_reader_has_row(t); t->at++) {
		const struct record_column *c;
		struct record_schema row;

		table_reader_row(t, s, &row);
		c = row.number < RECORD_NUMBER_END ? record_column_find((unsigned)row.number)
						   : NULL;
		if (!c) {
			stream_reader_note(s, &s->unknown.columns, "column", row.name, "", 0);
			continue;
		}
		s->column[c - record_columns].is_other = row.type != c->type;
		if (c->words)
			learn_words(s, c, row.words);
	}
	return 0;
}

static int learn_tables(struct stream_reader *s, const struct block *b)
{
	struct table_reader *t = &s->tables_table;

	if (table_reader_set(t, s, b))
		return -EBADMSG;
	for (; table_reader_has_row(t); t->at++) {
		struct record_schema row;

		table_reader_row(t, s, &row);
		if (row.number >= RECORD_TABLE_END || !record_tables[row.number].name)
			stream_reader_note(s, &s->unknown.tables, "table", row.name, "", 0);
	}
	return 0;
}

static int learn(struct stream_reader *s, const struct block *b)
{
	switch (b->table) {
	case RECORD_TEXT:
	case RECORD_ADDR:
		return learn_bytes(s, b);
	case RECORD_LOCAL:
		return learn_locals(s, b);
	case RECORD_TABLES:
		return learn_tables(s, b);
	case RECORD_COLUMNS:
		return learn_columns(s, b);
	default:
		return 0;
	}
}

int stream_reader_learn(struct stream_reader *s, const uint8_t *raw, size_t bytes,
			uint32_t *ret_rows)
{
	const uint8_t *p = raw, *end = raw + bytes;
	uint64_t rows = 0;

	while (p < end) {
		struct block b;

		p = block_get(p, end, &b);
		if (!p || learn(s, &b))
			return broken(s);
		if (b.table >= RECORD_FIRST_DATA_TABLE)
			rows += b.rows;
	}
	if (rows > UINT32_MAX)
		return broken(s);
	*ret_rows = (uint32_t)rows;
	return 0;
}
