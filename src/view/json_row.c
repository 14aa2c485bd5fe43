// SPDX-License-Identifier: BSD-2-Clause
#include "view/json_row.h"

#include <string.h>

#include "engine/column.h"
#include "engine/value.h"
#include "util/decimal.h"
#include "util/out.h"
#include "view/layout.h"

#define EXACT_MAX (1ll << 53)

void json_row_key(struct out *out, const char *name, size_t len, bool is_later)
{
	out_mem(out, is_later ? ",\"" : "{\"", 2);
	out_mem(out, name, len);
	out_mem(out, "\":", 2);
}

/* 2^53: the doubles that JavaScript and many readers of JSON have hold each integer up to here. */
static bool is_big(const struct value *v)
{
	if (v->type == VALUE_INT)
		return v->i > EXACT_MAX || v->i < -EXACT_MAX;
	return v->type == VALUE_UINT && v->u > (uint64_t)EXACT_MAX;
}

void json_value_put(struct out *out, const struct value *v)
{
	char buf[VALUE_TEXT_MAX];
	const char *text;
	size_t len = value_format(v, buf, &text);

	if (v->type == VALUE_NONE)
		out_mem(out, "null", 4);
	else if (value_is_bare(v) && !(out->quotes_big && is_big(v)))
		out_mem(out, text, len);
	else
		out_json_string(out, text, len);
}

void json_row_column(struct out *out, const struct column *c, const struct row *row, bool is_later)
{
	struct value v = c->get(row);

	json_row_key(out, c->name, strlen(c->name), is_later);
	json_value_put(out, &v);
}

void json_uint_put(struct out *out, uint64_t n)
{
	struct value v = value_uint(n);

	json_value_put(out, &v);
}

/*
 * The value of nearly every column, at `to`, where there is room for it; returns its end, or NULL if it is
 * of another kind, or not as simple.
 */
static char *put_in_place(const struct out *out, char *to, const struct value *v)
{
	const char *text;

	switch (v->type) {
	case VALUE_NONE:
		memcpy(to, "null", 4);
		return to + 4;
	case VALUE_UINT:
		return v->u <= (uint64_t)EXACT_MAX ? to + decimal_put(to, v->u) : NULL;
	case VALUE_TEXT:
		return out->for_web ? NULL : out_json_plain(to, v->text, v->text_len);
	case VALUE_ADDR:
	case VALUE_ENDPOINT:
		*to = '"';
		to += 1 + value_format(v, to + 1, &text);
		*to = '"';
		return to + 1;
	default:
		return NULL;
	}
}

/* Nearly always without a look at what the output is: half of what a row costs is here. */
static void put_member(struct out *out, const struct section *s, size_t i, const struct value *v,
		       bool is_later)
{
	size_t text_len = v->type == VALUE_TEXT ? v->text_len : VALUE_TEXT_MAX;
	char *p = out_room(out, LAYOUT_KEY_SIZE + text_len + 2), *end;

	if (!p) {
		json_row_key(out, s->column[i]->name, strlen(s->column[i]->name), is_later);
		json_value_put(out, v);
		return;
	}
	memcpy(p, s->key[i], LAYOUT_KEY_SIZE);
	if (!is_later)
		*p = '{';
	end = put_in_place(out, p + s->key_len[i], v);
	out_took(out, end ? (size_t)(end - p) : s->key_len[i]);
	if (!end)
		json_value_put(out, v);
}

void json_row_put(struct out *out, const struct section *s, const struct row *row, bool is_later)
{
	for (size_t i = 0; i < s->count; i++) {
		struct value v = s->column[i]->get(row);

		put_member(out, s, i, &v, i || is_later);
	}
}
