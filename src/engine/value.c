// SPDX-License-Identifier: BSD-2-Clause
#include "engine/value.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

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

static const char pairs[] =
	"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
	"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
	"8081828384858687888990919293949596979899";

static size_t format_uint(uint64_t n, char *buf)
{
	char digits[20];
	size_t at = sizeof(digits), len;

	if (n < 10) {
		*buf = (char)('0' + n);
		return 1;
	}
	for (; n >= 100; n /= 100)
		memcpy(digits + (at -= 2), pairs + n % 100 * 2, 2);
	if (n >= 10)
		memcpy(digits + (at -= 2), pairs + n * 2, 2);
	else
		digits[--at] = (char)('0' + n);
	len = sizeof(digits) - at;
	memcpy(buf, digits + at, len);
	return len;
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
