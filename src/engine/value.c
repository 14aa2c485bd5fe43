// SPDX-License-Identifier: BSD-2-Clause
#include "engine/value.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "util/decimal.h"

struct value value_json(const char *text)
{
	struct value v = value_text(text);

	v.type = VALUE_JSON;
	return v;
}

struct value value_chars(const char *text, size_t max)
{
	return value_part(text, strnlen(text, max));
}

int value_is_bare(const struct value *v)
{
	return v->type == VALUE_UINT || v->type == VALUE_INT || v->type == VALUE_REAL ||
	       v->type == VALUE_BOOL || v->type == VALUE_JSON;
}

double value_number(const struct value *v)
{
	switch (v->type) {
	case VALUE_UINT:
	case VALUE_BOOL:
		return (double)v->u;
	case VALUE_INT:
		return (double)v->i;
	case VALUE_REAL:
		return v->r;
	default:
		return 0;
	}
}

size_t value_format_addr(const struct addr *a, char *buf)
{
	size_t len = 0;

	if (!addr_is_v4(a)) {
		inet_ntop(AF_INET6, a->byte, buf, VALUE_TEXT_MAX);
		return strlen(buf);
	}
	for (int i = 12; i < 16; i++) {
		len += decimal_put(buf + len, a->byte[i]);
		buf[len++] = '.';
	}
	return len - 1;
}

size_t value_format(const struct value *v, char *buf, const char **ret_text)
{
	size_t len = 0;

	*ret_text = buf;
	switch (v->type) {
	case VALUE_NONE:
		break;
	case VALUE_UINT:
		len = decimal_put(buf, v->u);
		break;
	case VALUE_INT:
		*buf = '-';
		len = v->i < 0;
		len += decimal_put(buf + len, v->i < 0 ? 0 - (uint64_t)v->i : (uint64_t)v->i);
		break;
	case VALUE_REAL:
		len = (size_t)snprintf(buf, VALUE_TEXT_MAX, "%.*f", v->decimals, v->r);
		break;
	case VALUE_TEXT:
	case VALUE_JSON:
		*ret_text = v->text;
		len = v->text_len;
		break;
	case VALUE_ADDR:
		len = value_format_addr(v->addr, buf);
		break;
	case VALUE_ENDPOINT:
		len = value_format_addr(v->addr, buf);
		buf[len++] = ':';
		len += decimal_put(buf + len, v->port);
		break;
	case VALUE_BOOL:
		*ret_text = v->u ? "true" : "false";
		len = v->u ? 4 : 5;
		break;
	}
	return len;
}
