// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/otlp_json.h"

#include <string.h>

#include "engine/value.h"
#include "util/out.h"

static void put_key(struct out *o, const char *key, const char *type)
{
	if (o->used && o->buf[o->used - 1] != '[')
		out_char(o, ',');
	out_str(o, "{\"key\":\"");
	out_str(o, key);
	out_str(o, "\",\"value\":{\"");
	out_str(o, type);
	out_str(o, "\":");
}

void otlp_put_text(struct out *o, const char *key, const char *text, size_t len)
{
	put_key(o, key, "stringValue");
	out_json_string(o, text, len);
	out_str(o, "}}");
}

void otlp_put_string(struct out *o, const char *key, const char *text)
{
	if (text && text[0])
		otlp_put_text(o, key, text, strlen(text));
}

/* An int64 is a string in the JSON of Protobuf. */
void otlp_put_uint(struct out *o, const char *key, uint64_t n)
{
	put_key(o, key, "intValue");
	out_char(o, '"');
	out_uint(o, n);
	out_str(o, "\"}}");
}

void otlp_put_seconds(struct out *o, const char *key, double seconds)
{
	put_key(o, key, "doubleValue");
	out_format(o, "%.6f}}", seconds);
}

void otlp_put_address(struct out *o, const char *key, const struct addr *addr)
{
	char text[VALUE_TEXT_MAX];
	size_t len = value_format_addr(addr, text);

	otlp_put_text(o, key, text, len);
}

void otlp_put_true(struct out *o, const char *key)
{
	put_key(o, key, "boolValue");
	out_str(o, "true}}");
}
