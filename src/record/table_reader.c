// SPDX-License-Identifier: BSD-2-Clause
#include "record/table_reader.h"

#include <errno.h>
#include <string.h>

#include "abi/event.h"
#include "record/stream_reader.h"
#include "record/varint.h"
#include "util/xalloc.h"

#define NS_PER_US 1000u
/* Rows that are put together at once: they stay in the nearest cache. */
#define BATCH_ROWS 32
/* Most columns that one may be the difference to. */
#define BASES_MAX 4

#define BATCH_BYTES (BATCH_ROWS * sizeof(struct event))

static size_t memory_bytes(const struct table_reader *t)
{
	return BATCH_BYTES + t->columns * BLOCK_ROWS_MAX * sizeof(*t->value);
}

void table_reader_init(struct table_reader *t, enum record_table table)
{
	*t = (struct table_reader){.table = table};
	t->columns = record_table_columns(table, true, t->column);
	for (unsigned i = 0; i < t->columns; i++)
		t->slot[t->column[i]->number] = (uint8_t)(i + 1);
	t->batch = reserve(memory_bytes(t));
	t->value = (uint64_t *)(t->batch + BATCH_BYTES);
}

void table_reader_done(struct table_reader *t)
{
	reserve_free(t->batch, memory_bytes(t));
	t->value = NULL;
	t->batch = NULL;
}

const uint8_t *block_get(const uint8_t *p, const uint8_t *end, struct block *ret)
{
	uint64_t rows = 0, bytes = 0;

	p = varint_get(p, end, &ret->table);
	if (p)
		p = varint_get(p, end, &rows);
	if (p)
		p = varint_get(p, end, &bytes);
	if (!p || rows > BLOCK_ROWS_MAX || bytes > (size_t)(end - p))
		return NULL;
	ret->rows = (uint32_t)rows;
	ret->columns = p;
	ret->end = p + bytes;
	return ret->end;
}

static bool all_below(const uint64_t *value, unsigned rows, uint64_t limit)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < rows; i++)
		most = value[i] > most ? value[i] : most;
	return !rows || most < limit;
}

static void map_words(struct stream_reader *s, const struct record_column *c, uint64_t *value,
		      unsigned rows)
{
	const struct column_reader *r = &s->column[c - record_columns];

	for (unsigned i = 0; i < rows; i++) {
		unsigned n = value[i] < READER_WORDS_MAX ? (unsigned)value[i] : 0;

		if (c->type == TYPE_FLAGS) {
			value[i] &= r->flags;
			continue;
		}
		if (n && !r->word[n])
			s->unknown.words++;
		value[i] = r->word[n];
	}
}

/* Are the numbers such that the program's fields can have them? Words become our own. */
static bool check(struct stream_reader *s, const struct record_column *c, uint64_t *value,
		  unsigned rows)
{
	switch ((enum record_type)c->type) {
	case TYPE_TEXT:
		return all_below(value, rows, s->text_count);
	case TYPE_ADDR:
		return all_below(value, rows, s->addr_count);
	case TYPE_LOCAL:
		return all_below(value, rows, s->local_count);
	case TYPE_TIME:
		return all_below(value, rows, UINT64_MAX / NS_PER_US);
	case TYPE_ENUM:
	case TYPE_FLAGS:
		map_words(s, c, value, rows);
		return true;
	case TYPE_SIGNED:
		for (unsigned i = 0; i < rows && c->size < 8; i++)
			if ((int64_t)value[i] != (int32_t)value[i])
				return false;
		return true;
	case TYPE_NUMBER:
		return c->size == 8 || all_below(value, rows, 1ull << 8 * c->size);
	case TYPE_BYTES:
	case TYPE_COUNT:
		break;
	}
	return false;
}

/*
 * Add up the columns that a column is the difference to, whose numbers stand at `p`. Returns what
 * follows; NULL if that is damaged. `*ret_known`: are all of them known here?
 */
static const uint8_t *sum_bases(const struct table_reader *t, const uint8_t *p, const uint8_t *end,
				uint64_t *sum, unsigned rows, bool *ret_known)
{
	uint64_t count, number;

	memset(sum, 0, rows * sizeof(*sum));
	*ret_known = true;
	p = varint_get(p, end, &count);
	if (!p || count > BASES_MAX)
		return NULL;
	while (count-- && (p = varint_get(p, end, &number))) {
		unsigned slot = number < RECORD_NUMBER_END ? t->slot[number] : 0;

		if (!slot || !t->is_present[slot - 1]) {
			*ret_known = false;
			continue;
		}
		for (unsigned i = 0; i < rows; i++)
			sum[i] += t->value[(slot - 1) * t->stride + i];
	}
	return p;
}

/* One column: its numbers lie in [p, end). Returns 0, -EBADMSG, or -ENOTSUP: it stays missing. */
static int get_column(struct table_reader *t, struct stream_reader *s, unsigned i,
		      unsigned encoding, const uint8_t *p, const uint8_t *end, unsigned rows)
{
	const struct record_column *c = t->column[i];
	uint64_t *value = t->value + i * t->stride, base[BLOCK_ROWS_MAX];
	bool known = true;
	int err;

	if (s->column[c - record_columns].is_other)
		return -ENOTSUP;
	if (encoding == ENCODING_DIFFERENCE)
		p = sum_bases(t, p, end, base, rows, &known);
	if (!p || !known)
		return p ? -ENOTSUP : -EBADMSG;
	err = encoding_get(p, (size_t)(end - p), encoding, value, base, rows);
	if (err)
		return err;
	return check(s, c, value, rows) ? 0 : -EBADMSG;
}

static inline void store_uint(uint8_t *p, unsigned size, uint64_t value)
{
	uint32_t n4 = (uint32_t)value;
	uint16_t n2 = (uint16_t)value;

	if (size == 8)
		memcpy(p, &value, 8);
	else if (size == 4)
		memcpy(p, &n4, 4);
	else if (size == 2)
		memcpy(p, &n2, 2);
	else
		*p = (uint8_t)value;
}

static void store_chars(uint8_t *p, unsigned size, const char *text)
{
	size_t len = strnlen(text, size);

	memcpy(p, text, len);
}

static void store_local(struct ev_ident *id, const struct record_local *l)
{
	id->cgroup_id = l->cgroup_id;
	id->pid = l->pid;
	id->uid = l->uid;
	id->netns = l->netns;
	id->mntns = l->mntns;
	id->owner_source = l->owner_source;
	id->role = l->role;
	id->laddr = l->laddr;
	memcpy(id->comm, l->comm, sizeof(id->comm));
	memcpy(id->thread, l->thread, sizeof(id->thread));
}

static void store_port(struct ev_ident *id, bool is_service, uint64_t port)
{
	bool local_listened = id->role == ROLE_ACCEPT || id->role == ROLE_LISTEN;

	if (is_service == local_listened)
		id->lport = (__u16)port;
	else
		id->rport = (__u16)port;
}

static void store(const struct record_column *c, const struct stream_reader *s, uint64_t value,
		  void *row)
{
	uint8_t *field = (uint8_t *)row + c->offset;
	struct event *ev = row;
	const char *text;

	switch ((enum record_form)c->form) {
	case FORM_UINT:
	case FORM_INT:
		store_uint(field, c->size, value);
		break;
	case FORM_NS:
		store_uint(field, 8, value * NS_PER_US);
		break;
	case FORM_CHARS:
		store_chars(field, c->size, stream_reader_text(s, value));
		break;
	case FORM_POINTER:
		text = stream_reader_text(s, value);
		memcpy(field, &text, sizeof(text));
		break;
	case FORM_ADDR:
		memcpy(field, &s->addr[value], sizeof(struct addr));
		break;
	case FORM_LOCAL:
		store_local(&ev->ident, &s->local[value]);
		break;
	case FORM_SERVICE:
	case FORM_OTHER:
		store_port(&ev->ident, c->form == FORM_SERVICE, value);
		break;
	case FORM_CONNECT:
	case FORM_ACCEPT:
		/* One of the two is 0. */
		ev->ident.handshake_us += (__u32)value;
		break;
	case FORM_BYTES:
		break;
	}
}

/* What does not depend on another field of the row. */
static bool may_be_constant(const struct record_column *c)
{
	return c->form != FORM_SERVICE && c->form != FORM_OTHER;
}

static enum reader_op op_of(const struct record_column *c)
{
	if (c->form == FORM_NS)
		return OP_NS;
	if (c->form == FORM_ADDR)
		return OP_ADDR;
	if (c->form != FORM_UINT && c->form != FORM_INT)
		return OP_OTHER;
	return c->size == 1 ? OP_U8 : c->size == 2 ? OP_U16 : c->size == 4 ? OP_U32 : OP_U64;
}

/* The columns of a block are there: make ready what is the same in all its rows. */
static void prepare_rows(struct table_reader *t, const struct stream_reader *s)
{
	static const char *const empty = "";

	memset(t->row, 0, sizeof(t->row));
	t->differing = 0;
	for (unsigned i = 0; i < t->columns; i++) {
		const struct record_column *c = t->column[i];
		uint64_t *value = t->value + i * t->stride;

		/* A text is never NULL, even where an older file has no such column. */
		if (!t->is_present[i] && c->form == FORM_POINTER)
			memcpy(t->row + c->offset, &empty, sizeof(empty));
		else if (t->is_present[i] && t->is_constant[i] && may_be_constant(c))
			store(c, s, *value, t->row);
		else if (t->is_present[i])
			t->differs[t->differing++] = (struct reader_column){
				.value = value, .column = c, .offset = c->offset, .op = op_of(c)};
	}
}

/* Take the columns of a block apart. */
static int get_columns(struct table_reader *t, struct stream_reader *s, const struct block *b)
{
	const uint8_t *p = b->columns;

	while (p < b->end) {
		uint64_t key, bytes, number;
		unsigned slot;
		int err;

		p = varint_get(p, b->end, &key);
		if (p)
			p = varint_get(p, b->end, &bytes);
		if (!p || bytes > (size_t)(b->end - p))
			return -EBADMSG;
		number = key >> 4;
		slot = number < RECORD_NUMBER_END ? t->slot[number] : 0;
		if (!slot) {
			s->unknown.columns++;
		} else if (!t->is_present[slot - 1]) {
			err = get_column(t, s, slot - 1, key & 15, p, p + bytes, b->rows);
			if (err == -EBADMSG)
				return err;
			if (err)
				s->unknown.encodings++;
			t->is_present[slot - 1] = !err;
			t->is_constant[slot - 1] = (key & 15) == ENCODING_CONSTANT;
		}
		p += bytes;
	}
	return 0;
}

int table_reader_set(struct table_reader *t, struct stream_reader *s, const struct block *b)
{
	int err;

	t->rows = t->at = t->batch_from = t->batch_to = 0;
	t->stride = b->rows;
	memset(t->is_present, 0, sizeof(t->is_present));
	err = b->rows ? get_columns(t, s, b) : 0;
	if (err)
		return err;
	prepare_rows(t, s);
	t->rows = b->rows;
	return 0;
}

/* One column of the rows of a batch. */
static void fill_column(const struct table_reader *t, const struct stream_reader *s,
			const struct reader_column *d, size_t row_bytes)
{
	unsigned rows = t->batch_to - t->batch_from;
	const uint64_t *value = d->value + t->batch_from;
	uint8_t *row = t->batch, *field = t->batch + d->offset;

	switch ((enum reader_op)d->op) {
	case OP_U8:
		for (unsigned i = 0; i < rows; i++, field += row_bytes)
			*field = (uint8_t)value[i];
		break;
	case OP_U16:
		for (unsigned i = 0; i < rows; i++, field += row_bytes)
			store_uint(field, 2, value[i]);
		break;
	case OP_U32:
		for (unsigned i = 0; i < rows; i++, field += row_bytes)
			store_uint(field, 4, value[i]);
		break;
	case OP_U64:
		for (unsigned i = 0; i < rows; i++, field += row_bytes)
			store_uint(field, 8, value[i]);
		break;
	case OP_NS:
		for (unsigned i = 0; i < rows; i++, field += row_bytes)
			store_uint(field, 8, value[i] * NS_PER_US);
		break;
	case OP_ADDR:
		for (unsigned i = 0; i < rows; i++, field += row_bytes)
			memcpy(field, &s->addr[value[i]], sizeof(struct addr));
		break;
	case OP_OTHER:
		for (unsigned i = 0; i < rows; i++, row += row_bytes)
			store(d->column, s, value[i], row);
		break;
	}
}

static void fill_batch(struct table_reader *t, const struct stream_reader *s, size_t row_bytes)
{
	t->batch_from = t->at;
	t->batch_to = t->rows - t->at < BATCH_ROWS ? t->rows : t->at + BATCH_ROWS;
	for (unsigned i = t->batch_from; i < t->batch_to; i++)
		memcpy(t->batch + (i - t->batch_from) * row_bytes, t->row, row_bytes);
	for (unsigned i = 0; i < t->differing; i++)
		fill_column(t, s, &t->differs[i], row_bytes);
}

void table_reader_row(struct table_reader *t, const struct stream_reader *s, void *ret)
{
	size_t row_bytes = record_tables[t->table].row_bytes;

	if (t->at < t->batch_from || t->at >= t->batch_to)
		fill_batch(t, s, row_bytes);
	memcpy(ret, t->batch + (t->at - t->batch_from) * row_bytes, row_bytes);
}

uint64_t table_reader_time(const struct table_reader *t, unsigned number)
{
	unsigned slot = t->slot[number];

	return slot && t->is_present[slot - 1] ? t->value[(slot - 1) * t->stride + t->at] : 0;
}
