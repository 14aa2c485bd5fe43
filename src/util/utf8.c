// SPDX-License-Identifier: BSD-2-Clause
#include "util/utf8.h"

#include <string.h>

size_t utf8_decode(const char *text, size_t left, uint32_t *ret)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len = p[0] < 0x80   ? 1
		     : p[0] < 0xc2 ? 0
		     : p[0] < 0xe0 ? 2
		     : p[0] < 0xf0 ? 3
		     : p[0] < 0xf5 ? 4
				   : 0;

	if (!len || len > left)
		return 0;
	*ret = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*ret = *ret << 6 | (p[i] & 0x3f);
	}
	/* Longer than need be, halves of UTF-16's pairs, beyond Unicode. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

bool utf8_is_harmless(uint32_t c)
{
	/* DerivedCoreProperties.txt of Unicode, and what breaks lines. In order. */
	static const uint32_t harmful[][2] = {
		{0x00, 0x1f},	    {0x7f, 0x9f},	{0xad, 0xad},	    {0x34f, 0x34f},
		{0x61c, 0x61c},	    {0x115f, 0x1160},	{0x17b4, 0x17b5},   {0x180b, 0x180f},
		{0x200b, 0x200f},   {0x2028, 0x202e},	{0x2060, 0x206f},   {0x3164, 0x3164},
		{0xfe00, 0xfe0f},   {0xfeff, 0xfeff},	{0xffa0, 0xffa0},   {0xfff0, 0xfffb},
		{0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
	};

	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]) && c >= harmful[i][0]; i++)
		if (c <= harmful[i][1])
			return false;
	return true;
}

bool utf8_is_mark(uint32_t c)
{
	// clang-format off
	static const uint32_t marks[][2] = {
#include "util/utf8_marks.def"
	};
	// clang-format on
	size_t low = 0, high = sizeof(marks) / sizeof(marks[0]);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (c > marks[middle][1])
			low = middle + 1;
		else
			high = middle;
	}
	return low < sizeof(marks) / sizeof(marks[0]) && c >= marks[low][0];
}

size_t utf8_plain_length(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && text[i] >= 0x20 && text[i] < 0x7f)
		i++;
	return i;
}

size_t utf8_clean(char *ret, size_t size, const char *text, size_t len, size_t limit)
{
	size_t used = 0, n, marks = UTF8_MARKS_MAX;

	for (size_t i = 0; i < len && limit; i += n ? n : 1, limit--) {
		uint32_t c;
		bool shown, is_mark;

		n = utf8_decode(text + i, len - i, &c);
		is_mark = n && utf8_is_mark(c);
		/* Some sit on a letter; a heap of them covers its neighbours. */
		marks = is_mark ? marks + 1 : 0;
		shown = n && utf8_is_harmless(c) && marks <= UTF8_MARKS_MAX;
		if (used + (shown ? n : 1) > size)
			break;
		if (shown)
			memcpy(ret + used, text + i, n);
		else
			ret[used] = '?';
		used += shown ? n : 1;
	}
	return used;
}

size_t utf8_clean_lines(char *ret, size_t size, const char *text)
{
	size_t used = 0, room = size - 1;

	for (;;) {
		size_t len = strcspn(text, "\n\t");

		used += utf8_clean(ret + used, room - used, text, len, SIZE_MAX);
		if (!text[len] || used == room)
			break;
		ret[used++] = text[len];
		text += len + 1;
	}
	ret[used] = '\0';
	return used;
}

size_t utf8_count(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += (text[i] & 0xc0) != 0x80;
	return count;
}
