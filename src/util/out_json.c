// SPDX-License-Identifier: BSD-2-Clause
/* Texts as strings of JSON. */
#include <string.h>

#include "util/out.h"
#include "util/utf8.h"

/* As JSON writes any character: RFC 8259, section 7. */
static void put_escape(struct out *o, uint32_t c)
{
	if (c > 0xffff) {
		out_format(o, "\\u%04x", 0xd800 + ((c - 0x10000) >> 10));
		c = 0xdc00 + ((c - 0x10000) & 0x3ff);
	}
	out_format(o, "\\u%04x", c);
}

#define EIGHT_OF(byte) (0x0101010101010101ull * (byte))

/*
 * Of eight bytes: has one to be looked at? Not what lies from a space to ~, but for quote and backslash.
 * What is taken from a byte carries into the next only where the answer is yes already.
 */
static uint64_t odd_among(uint64_t eight)
{
	uint64_t quote = eight ^ EIGHT_OF('"'), backslash = eight ^ EIGHT_OF('\\');

	return (eight | (eight + EIGHT_OF(1)) | (eight - EIGHT_OF(' ')) | (quote - EIGHT_OF(1)) |
		(backslash - EIGHT_OF(1))) & EIGHT_OF(0x80);
}

static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Bytes from the start that need no look: nearly always all of them. */
static size_t plain_length(const char *text, size_t len)
{
	uint64_t eight;
	size_t n = 0;

	for (; n + 8 <= len; n += 8) {
		memcpy(&eight, text + n, 8);
		if (odd_among(eight))
			break;
	}
	while (n < len && is_plain(text[n]))
		n++;
	return n;
}

/* Copy eight bytes, and look at them. */
static uint64_t copy_eight(char *to, const char *from)
{
	uint64_t eight;

	memcpy(&eight, from, 8);
	memcpy(to, &eight, 8);
	return odd_among(eight);
}

/* Four to seven bytes: the first and the last four, of which some are the same. */
static uint64_t copy_four_twice(char *to, const char *from, size_t len)
{
	uint32_t first, last;

	memcpy(&first, from, 4);
	memcpy(&last, from + len - 4, 4);
	memcpy(to, &first, 4);
	memcpy(to + len - 4, &last, 4);
	return odd_among((uint64_t)last << 32 | first);
}

/* Without a step for each byte, whose number would be guessed wrong each time. */
char *out_json_plain(char *to, const char *text, size_t len)
{
	uint64_t odd = 0;

	*to++ = '"';
	if (len >= 8) {
		for (size_t n = 0; n + 8 < len; n += 8)
			odd |= copy_eight(to + n, text + n);
		odd |= copy_eight(to + len - 8, text + len - 8);
	} else if (len >= 4) {
		odd = copy_four_twice(to, text, len);
	} else {
		for (size_t n = 0; n < len; n++) {
			to[n] = text[n];
			odd |= !is_plain(text[n]);
		}
	}
	to[len] = '"';
	return odd ? NULL : to + len + 1;
}

/* What a page could take for markup, or a script for the end of a line. */
static bool is_markup(uint32_t c)
{
	return c == '<' || c == '>' || c == '&' || c == 0x2028 || c == 0x2029;
}

static size_t plain_length_for(const struct out *o, const char *text, size_t len)
{
	size_t n = 0, plain = plain_length(text, len);

	if (!o->for_web)
		return plain;
	while (n < plain && !is_markup((unsigned char)text[n]))
		n++;
	return n;
}

void out_json_string(struct out *o, const char *text, size_t len)
{
	char *to = o->for_web ? NULL : out_room(o, len + 2), *end;

	/* Nearly all texts: short, and plain to the end. */
	end = to ? out_json_plain(to, text, len) : NULL;
	if (end) {
		out_took(o, (size_t)(end - to));
		return;
	}
	out_char(o, '"');
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t c;

		n = plain_length_for(o, text + i, len - i);
		out_mem(o, text + i, n);
		if (n)
			continue;
		n = utf8_decode(text + i, len - i, &c);
		if (!n) {
			out_str(o, "\\ufffd");
			n = 1;
		} else if (c == '"' || c == '\\') {
			out_char(o, '\\');
			out_char(o, text[i]);
		} else if (!utf8_is_harmless(c) || (o->for_web && is_markup(c))) {
			put_escape(o, c);
		} else {
			out_mem(o, text + i, n);
		}
	}
	out_char(o, '"');
}
