// SPDX-License-Identifier: BSD-2-Clause
/*
 * Names come from whoever runs a process on this machine: they may hold anything, also what moves
 * the cursor of the terminal that shows them, or makes one name look like another.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The character at `text`, of which `left` bytes are there: its length in bytes, and its number; 0
 * if this is no UTF-8 (RFC 3629, section 4).
 */
size_t utf8_decode(const char *text, size_t left, uint32_t *ret);

/*
 * Can it be shown as it is? Not so: control characters (C0, DEL, C1), what has no width or turns
 * the direction of writing (Unicode's Default_Ignorable_Code_Point, which includes all of
 * Bidi_Control), and the separators of lines.
 */
bool utf8_is_harmless(uint32_t character);

/* Does it sit on the character before, and take no room of its own? */
bool utf8_is_mark(uint32_t character);

/* So many of them may sit on one; it takes no more in any language. */
#define UTF8_MARKS_MAX 2

/* How many bytes from the start are printable ASCII: nearly always all of them. */
size_t utf8_plain_length(const char *text, size_t len);

/*
 * Copy at most `limit` characters, with a ? for each that cannot be shown and for each byte that is
 * no UTF-8; and for marks beyond UTF8_MARKS_MAX, or without a character to sit on. Nothing becomes
 * longer; `ret` has room for `size` bytes, and ends before a character that does not fit whole.
 * Returns the length in bytes.
 */
size_t utf8_clean(char *ret, size_t size, const char *text, size_t len, size_t limit);

/* The same of a text of several lines, whose ends and tabs stay; ended by a zero byte within
 * `size`. */
size_t utf8_clean_lines(char *ret, size_t size, const char *text);

/* How many characters a text that was cleaned has. */
size_t utf8_count(const char *text, size_t len);
