// SPDX-License-Identifier: BSD-2-Clause
#include "record/table_writer.h"

#include <string.h>

#include "abi/event.h"
#include "record/rows.h"
#include "record/varint.h"
#include "util/xalloc.h"

/* The columns of a row are so many numbers apart: not a power of two, for the cache's sake. */
#define STRIDE (BLOCK_ROWS + 8)
#define NS_PER_US 1000u

static size_t value_bytes(const struct table_writer *t)
{
	return t->columns * STRIDE * sizeof(*t->value);
}

void table_writer_init(struct table_writer *t, enum record_table table, bool extra)
{
	*t = (struct table_writer){.table = table};
	t->columns = record_table_columns(table, extra, t->column);
	t->value = reserve(value_bytes(t));
}

void table_writer_done(struct table_writer *t)
{
	if (t->value)
		reserve_free(t->value, value_bytes(t));
	t->value = NULL;
}

static uint64_t load_uint(const uint8_t *p, unsigned size)
{
	uint64_t n8;
	uint32_t n4;
	uint16_t n2;

	switch (size) {
	case 1:
		return *p;
	case 2:
		memcpy(&n2, p, 2);
		return n2;
	case 4:
		memcpy(&n4, p, 4);
		return n4;
	default:
		memcpy(&n8, p, 8);
		return n8;
	}
}

static uint64_t load_text(struct dictionaries *d, const char *text, size_t max)
{
	return dictionary_number(&d->text, text, (uint32_t)strnlen(text, max));
}

static uint64_t load_addr(struct dictionaries *d, const struct addr *a)
{
	return addr_is_v4(a) ? dictionary_number(&d->addr, &a->byte[12], 4)
			     : dictionary_number(&d->addr, a->byte, 16);
}

static uint64_t load_local(struct dictionaries *d, const struct ev_ident *id)
{
	struct record_local l = {
		.cgroup_id = id->cgroup_id,
		.pid = id->pid,
		.uid = id->uid,
		.netns = id->netns,
		.mntns = id->mntns,
		.laddr = id->laddr,
		.owner_source = id->owner_source,
		.role = id->role,
	};
	uint32_t known = d->local.count, number;

	memcpy(l.comm, id->comm, strnlen(id->comm, sizeof(l.comm)));
	memcpy(l.thread, id->thread, strnlen(id->thread, sizeof(l.thread)));
	number = dictionary_number(&d->local, &l, sizeof(l));
	/* What a new one refers to: now there is room for it. */
	if (d->local.count > known) {
		load_text(d, l.comm, sizeof(l.comm));
		load_text(d, l.thread, sizeof(l.thread));
		load_addr(d, &l.laddr);
	}
	return number;
}

static bool local_side_listened(const struct ev_ident *id)
{
	return id->role == ROLE_ACCEPT || id->role == ROLE_LISTEN;
}

static uint64_t load(const struct record_column *c, struct dictionaries *d, const void *row)
{
	const uint8_t *field = (const uint8_t *)row + c->offset;
	const struct event *ev = row;
	const char *text;

	switch ((enum record_form)c->form) {
	case FORM_UINT:
		return load_uint(field, c->size);
	case FORM_INT:
		return c->size == 4 ? (uint64_t)(int32_t)load_uint(field, 4) : load_uint(field, 8);
	case FORM_NS:
		return load_uint(field, 8) / NS_PER_US;
	case FORM_CHARS:
		return load_text(d, (const char *)field, c->size);
	case FORM_POINTER:
		memcpy(&text, field, sizeof(text));
		return load_text(d, text ? text : "", RECORD_TEXT_MAX);
	case FORM_ADDR:
		return load_addr(d, (const struct addr *)field);
	case FORM_LOCAL:
		return load_local(d, &ev->ident);
	case FORM_SERVICE:
		return local_side_listened(&ev->ident) ? ev->ident.lport : ev->ident.rport;
	case FORM_OTHER:
		return local_side_listened(&ev->ident) ? ev->ident.rport : ev->ident.lport;
	case FORM_CONNECT:
		return ev->ident.role == ROLE_CONNECT ? ev->ident.handshake_us : 0;
	case FORM_ACCEPT:
		return ev->ident.role == ROLE_CONNECT ? 0 : ev->ident.handshake_us;
	case FORM_BYTES:
		break;
	}
	return 0;
}

void table_writer_add(struct table_writer *t, struct dictionaries *d, const void *row)
{
	uint64_t *value = t->value + t->rows;

	for (unsigned i = 0; i < t->columns; i++, value += STRIDE)
		*value = load(t->column[i], d, row);
	t->rows++;
}

static bool is_constant(const uint64_t *value, unsigned rows)
{
	for (unsigned i = 1; i < rows; i++)
		if (value[i] != value[0])
			return false;
	return true;
}

static const uint64_t *column_values(const struct table_writer *t, unsigned number)
{
	for (unsigned i = 0; i < t->columns; i++)
		if (t->column[i]->number == number)
			return t->value + i * STRIDE;
	return NULL;
}

/* What a column is the difference to, row by row; columns that this table has not count as 0. */
static void sum_bases(const struct table_writer *t, const struct record_column *c, uint64_t *sum)
{
	memset(sum, 0, t->rows * sizeof(*sum));
	for (unsigned b = 0; b < 2; b++) {
		const uint64_t *value = c->base[b] ? column_values(t, c->base[b]) : NULL;

		for (unsigned i = 0; value && i < t->rows; i++)
			sum[i] += value[i];
	}
}

/* How many other columns, and which: stands before the differences. */
static uint8_t *put_bases(const struct table_writer *t, const struct record_column *c, uint8_t *p)
{
	uint8_t *count = p++;

	*count = 0;
	for (unsigned b = 0; b < 2; b++)
		if (c->base[b] && column_values(t, c->base[b])) {
			p = varint_put(p, c->base[b]);
			++*count;
		}
	return p;
}

static uint8_t *put_column(const struct table_writer *t, unsigned i, uint8_t *p)
{
	const struct record_column *c = t->column[i];
	const uint64_t *value = t->value + i * STRIDE;
	enum record_encoding encoding = is_constant(value, t->rows) ? ENCODING_CONSTANT : c->encoding;
	uint8_t bytes[ENCODING_ROOM(BLOCK_ROWS)], *end = bytes;
	uint64_t base[BLOCK_ROWS];
	size_t len;

	if (encoding == ENCODING_DIFFERENCE) {
		sum_bases(t, c, base);
		end = put_bases(t, c, end);
	}
	len = encoding_put(end, encoding, value, base, c->size, t->rows);
	if (!len) {
		encoding = ENCODING_PLANES;
		len = encoding_put(end, encoding, value, base, c->size, t->rows);
	}
	len += (size_t)(end - bytes);
	p = varint_put(p, (uint64_t)c->number << 4 | encoding);
	p = varint_put(p, len);
	memcpy(p, bytes, len);
	return p + len;
}

/* Put a block's head before its columns, which lie at `p` + BLOCK_HEAD_MAX. */
#define BLOCK_HEAD_MAX (3 * VARINT_BYTES_MAX)

static uint8_t *put_head(uint8_t *p, enum record_table table, unsigned rows, size_t len)
{
	uint8_t *columns = p + BLOCK_HEAD_MAX;

	p = varint_put(p, table);
	p = varint_put(p, rows);
	p = varint_put(p, len);
	memmove(p, columns, len);
	return p + len;
}

size_t table_writer_block_max(const struct table_writer *t)
{
	return BLOCK_HEAD_MAX + t->columns * (ENCODING_ROOM(t->rows) + 3 * VARINT_BYTES_MAX);
}

uint8_t *table_writer_put(struct table_writer *t, uint8_t *p)
{
	uint8_t *columns = p + BLOCK_HEAD_MAX, *end = columns;
	unsigned rows = t->rows;

	for (unsigned i = 0; i < t->columns; i++)
		end = put_column(t, i, end);
	t->rows = 0;
	return put_head(p, t->table, rows, (size_t)(end - columns));
}

uint8_t *table_writer_put_bytes(uint8_t *p, enum record_table table, const struct dictionary *d,
				uint32_t from, uint32_t to)
{
	uint8_t lengths[BLOCK_ROWS * VARINT_BYTES_MAX], *end = lengths;
	uint8_t *columns = p + BLOCK_HEAD_MAX, *at = columns;
	uint32_t first = from ? d->end[from - 1] : 0;
	uint32_t len, bytes = from < to ? d->end[to - 1] - first : 0;

	if (from == to)
		return put_head(p, table, 0, 0);
	for (uint32_t i = from; i < to; i++) {
		dictionary_entry(d, i, &len);
		end = varint_put(end, len);
	}
	at = varint_put(at, 1 << 4 | ENCODING_BYTES);
	at = varint_put(at, (size_t)(end - lengths) + bytes);
	memcpy(at, lengths, (size_t)(end - lengths));
	at += end - lengths;
	memcpy(at, d->bytes + first, bytes);
	return put_head(p, table, to - from, (size_t)(at + bytes - columns));
}
