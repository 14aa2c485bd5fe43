// SPDX-License-Identifier: BSD-2-Clause
#include "record/meta.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT(f)                                                                           \
	{                                                                                 \
#f, offsetof(struct record_meta, f), sizeof(((struct record_meta *)0)->f) \
	}
#define NUMBER(key, f)                                  \
	{                                               \
		key, offsetof(struct record_meta, f), 0 \
	}

/* A field of size 0 is a number of 64 bits. */
static const struct field {
	const char *key;
	size_t offset, size;
} fields[] = {
	NUMBER("format", format),
	TEXT(version),
	TEXT(run),
	TEXT(host),
	TEXT(machine),
	TEXT(boot),
	TEXT(kernel),
	TEXT(arch),
	TEXT(zone),
	TEXT(rungs),
	TEXT(watch),
	TEXT(filter),
	NUMBER("interval_us", interval_us),
	NUMBER("wall_offset_us", wall_offset_us),
	NUMBER("row", row),
	NUMBER("key_offset", key_offset),
	NUMBER("thinned", thinned),
	NUMBER("extra", extra),
	NUMBER("counters", counters),
	NUMBER("source", source),
};

static size_t put_text(char *p, const char *text, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < size && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f || c == '%')
			len += (size_t)sprintf(p + len, "%%%02X", c);
		else
			p[len++] = (char)c;
	}
	return len;
}

/* What is empty or 0 need not be said. */
static bool is_empty(const struct field *f, const char *value)
{
	static const uint64_t zero;

	return f->size ? !value[0] : !memcmp(value, &zero, sizeof(zero));
}

size_t meta_put(char *p, const struct record_meta *m)
{
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *field = (const char *)m + fields[i].offset;
		uint64_t n;

		if (is_empty(&fields[i], field))
			continue;
		len += (size_t)sprintf(p + len, "%s=", fields[i].key);
		if (fields[i].size) {
			len += put_text(p + len, field, fields[i].size);
		} else {
			memcpy(&n, field, sizeof(n));
			len += (size_t)sprintf(p + len, "%" PRId64, (int64_t)n);
		}
		p[len++] = '\n';
	}
	return len;
}

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Longer texts than ours are cut; the field always ends with a 0. */
static int get_text(const uint8_t *p, size_t len, char *ret, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		int c = p[i];

		if (c == '%') {
			int high = i + 2 < len ? hex_digit(p[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(p[i + 2]) : -1;

			if (low < 0)
				return -EBADMSG;
			c = high << 4 | low;
			i += 2;
		}
		if (used + 1 < size)
			ret[used++] = (char)c;
	}
	ret[used] = '\0';
	return 0;
}

static int get_number(const uint8_t *p, size_t len, uint64_t *ret)
{
	bool minus = len && *p == '-';
	uint64_t n = 0;

	if (minus) {
		p++;
		len--;
	}
	if (!len || len > 20)
		return -EBADMSG;
	for (; len; p++, len--) {
		if (*p < '0' || *p > '9')
			return -EBADMSG;
		n = n * 10 + (*p - '0');
	}
	*ret = minus ? 0 - n : n;
	return 0;
}

static int get_field(const uint8_t *line, size_t len, struct record_meta *m)
{
	const uint8_t *equals = memchr(line, '=', len);
	size_t key = equals ? (size_t)(equals - line) : 0;

	if (!equals)
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		char *field = (char *)m + fields[i].offset;
		uint64_t n;
		int r;

		if (strlen(fields[i].key) != key || memcmp(fields[i].key, line, key))
			continue;
		if (fields[i].size)
			return get_text(equals + 1, len - key - 1, field, fields[i].size);
		r = get_number(equals + 1, len - key - 1, &n);
		if (!r)
			memcpy(field, &n, sizeof(n));
		return r;
	}
	return 0;
}

int meta_get(const uint8_t *p, size_t len, struct record_meta *ret)
{
	const uint8_t *end = p + len;

	*ret = (struct record_meta){.key_offset = META_NO_KEY};
	while (p < end) {
		const uint8_t *newline = memchr(p, '\n', (size_t)(end - p));
		int r = newline ? get_field(p, (size_t)(newline - p), ret) : -EBADMSG;

		if (r < 0)
			return r;
		p = newline + 1;
	}
	if (ret->format > META_FORMAT)
		return -EPROTONOSUPPORT;
	if (!ret->format || !ret->run[0] || ret->wall_offset_us >= META_US_END ||
	    ret->wall_offset_us <= -META_US_END || ret->interval_us >= META_US_END)
		return -EBADMSG;
	return 0;
}
