// SPDX-License-Identifier: BSD-2-Clause
#include "record/table_reader.h"

#include <errno.h>
#include <string.h>

#include "abi/event.h"
#include "record/stream_reader.h"
#include "record/varint.h"
#include "util/xalloc.h"

#define STRIDE (BLOCK_ROWS_MAX + 8)
#define NS_PER_US 1000u

static size_t value_bytes(const struct table_reader *t)
{
	return t->columns * STRIDE * sizeof(*t->value);
}

void table_reader_init(struct table_reader *t, enum record_table table)
{
	*t = (struct table_reader){.table = table};
	t->columns = record_table_columns(table, true, t->column);
	for (unsigned i = 0; i < t->columns; i++)
		t->slot[t->column[i]->number] = (uint8_t)(i + 1);
	t->value = reserve(value_bytes(t));
}

void table_reader_done(struct table_reader *t)
{
	if (t->value)
		reserve_free(t->value, value_bytes(t));
	t->value = NULL;
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
		most |= value[i] >= limit;
	return !most;
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
	case TYPE_PROCESS:
		return all_below(value, rows, s->process_count);
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

/* One column: its numbers lie in [p, end). Returns 0, -EBADMSG, or -ENOTSUP: it stays missing. */
static int get_column(struct table_reader *t, struct stream_reader *s, unsigned i,
		      unsigned encoding, const uint8_t *p, const uint8_t *end, unsigned rows)
{
	const struct record_column *c = t->column[i];
	uint64_t *value = t->value + i * STRIDE, base = 0;
	const uint64_t *base_value = NULL;
	int err;

	if (s->column[c - record_columns].is_other)
		return -ENOTSUP;
	if (encoding == ENCODING_DIFFERENCE) {
		p = varint_get(p, end, &base);
		if (!p)
			return -EBADMSG;
		if (base >= RECORD_NUMBER_END || !t->slot[base] ||
		    !t->is_present[t->slot[base] - 1])
			return -ENOTSUP;
		base_value = t->value + (t->slot[base] - 1u) * STRIDE;
	}
	err = encoding_get(p, (size_t)(end - p), encoding, value, base_value, rows);
	if (err)
		return err;
	return check(s, c, value, rows) ? 0 : -EBADMSG;
}

int table_reader_set(struct table_reader *t, struct stream_reader *s, const struct block *b)
{
	const uint8_t *p = b->columns;

	t->rows = t->at = t->present_count = 0;
	memset(t->is_present, 0, sizeof(t->is_present));
	while (p < b->end) {
		uint64_t key, bytes, number;
		int err;

		p = varint_get(p, b->end, &key);
		if (p)
			p = varint_get(p, b->end, &bytes);
		if (!p || bytes > (size_t)(b->end - p))
			return -EBADMSG;
		number = key >> 4;
		if (number >= RECORD_NUMBER_END || !t->slot[number]) {
			s->unknown.columns++;
		} else if (!t->is_present[t->slot[number] - 1]) {
			unsigned i = t->slot[number] - 1u;

			err = get_column(t, s, i, key & 15, p, p + bytes, b->rows);
			if (err == -EBADMSG)
				return err;
			if (err)
				s->unknown.encodings++;
			t->is_present[i] = !err;
		}
		p += bytes;
	}
	/* In the order of their numbers: some need others to be there before. */
	t->lacks_text = false;
	for (unsigned i = 0; i < t->columns; i++) {
		if (t->is_present[i])
			t->present[t->present_count++] = (uint8_t)i;
		else if (t->column[i]->form == FORM_POINTER)
			t->lacks_text = true;
	}
	t->rows = b->rows;
	return 0;
}

static void store_uint(uint8_t *p, unsigned size, uint64_t value)
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

static void store_process(struct ev_ident *id, const struct record_process *p)
{
	id->cgroup_id = p->cgroup_id;
	id->pid = p->pid;
	id->uid = p->uid;
	id->netns = p->netns;
	id->mntns = p->mntns;
	id->owner_source = p->owner_source;
	memcpy(id->comm, p->comm, sizeof(id->comm));
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
	case FORM_PROCESS:
		store_process(&ev->ident, &s->process[value]);
		break;
	case FORM_SERVICE:
	case FORM_OTHER:
		store_port(&ev->ident, c->form == FORM_SERVICE, value);
		break;
	case FORM_BYTES:
		break;
	}
}

void table_reader_row(const struct table_reader *t, const struct stream_reader *s, void *ret)
{
	memset(ret, 0, record_tables[t->table].row_bytes);
	for (unsigned i = 0; i < t->present_count; i++)
		store(t->column[t->present[i]], s, t->value[t->present[i] * STRIDE + t->at], ret);
	/* A text is never NULL, even where an older file has no such column. */
	for (unsigned i = 0; t->lacks_text && i < t->columns; i++)
		if (t->column[i]->form == FORM_POINTER && !t->is_present[i])
			memcpy((uint8_t *)ret + t->column[i]->offset, &(const char *){""},
			       sizeof(char *));
}

uint64_t table_reader_time(const struct table_reader *t, unsigned number)
{
	unsigned slot = t->slot[number];

	return slot && t->is_present[slot - 1] ? t->value[(slot - 1) * STRIDE + t->at] : 0;
}
