// SPDX-License-Identifier: BSD-2-Clause
#include "view/json_row.h"

#include <string.h>

#include "engine/column.h"
#include "engine/value.h"
#include "util/out.h"
#include "view/layout.h"

#define EXACT_MAX (1ll << 53)

/* Worth a way of its own, it is half of all that is written. */
void json_row_key(struct out *out, const char *name, size_t len, bool is_later)
{
	char *p = out_room(out, len + 4);

	if (!p) {
		out_mem(out, is_later ? ",\"" : "{\"", 2);
		out_mem(out, name, len);
		out_mem(out, "\":", 2);
		return;
	}
	p[0] = is_later ? ',' : '{';
	p[1] = '"';
	memcpy(p + 2, name, len);
	p[len + 2] = '"';
	p[len + 3] = ':';
	out_took(out, len + 4);
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

void json_row_put(struct out *out, const struct section *s, const struct row *row, bool is_later)
{
	for (size_t i = 0; i < s->count; i++) {
		struct value v = s->column[i]->get(row);

		json_row_key(out, s->column[i]->name, s->name_len[i], i || is_later);
		json_value_put(out, &v);
	}
}
