// SPDX-License-Identifier: BSD-2-Clause
#include "engine/value.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct value value_text(const char *text)
{
	if (!text)
		return value_none();
	return (struct value){.type = VALUE_TEXT, .text = text, .text_len = (uint32_t)strlen(text)};
}

struct value value_json(const char *text)
{
	struct value v = value_text(text);

	v.type = VALUE_JSON;
	return v;
}

struct value value_chars(const char *text, size_t max)
{
	return (struct value){
		.type = VALUE_TEXT, .text = text, .text_len = (uint32_t)strnlen(text, max)};
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

static size_t format_uint(uint64_t n, char *buf)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	memcpy(buf, digits + at, sizeof(digits) - at);
	return sizeof(digits) - at;
}

size_t value_format_addr(const struct addr *a, char *buf)
{
	size_t len = 0;

	if (!addr_is_v4(a)) {
		inet_ntop(AF_INET6, a->byte, buf, VALUE_TEXT_MAX);
		return strlen(buf);
	}
	for (int i = 12; i < 16; i++) {
		len += format_uint(a->byte[i], buf + len);
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
		len = format_uint(v->u, buf);
		break;
	case VALUE_INT:
		len = (size_t)snprintf(buf, VALUE_TEXT_MAX, "%lld", (long long)v->i);
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
		len += format_uint(v->port, buf + len);
		break;
	case VALUE_BOOL:
		*ret_text = v->u ? "true" : "false";
		len = v->u ? 4 : 5;
		break;
	}
	return len;
}
