// SPDX-License-Identifier: BSD-2-Clause
#include "util/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static char out[64];

static const char *clean(const char *text, size_t limit)
{
	out[utf8_clean(out, sizeof(out) - 1, text, strlen(text), limit)] = '\0';
	return out;
}

/* Every number there is, encoded by the definition (RFC 3629, section 3). */
static size_t encode(uint32_t c, char *to)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void every_character_is_decoded_and_no_other_number_is(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x1fffff; c++) {
		bool is_unicode = c < 0x110000 && (c < 0xd800 || c > 0xdfff);
		char text[4];
		size_t len = encode(c, text);
		uint32_t got = 0;

		assert_int_equal(utf8_decode(text, len, &got), is_unicode ? len : 0);
		if (is_unicode)
			assert_int_equal(got, c);
		/* Cut short, it is none. */
		if (len > 1)
			assert_int_equal(utf8_decode(text, len - 1, &got), 0);
	}
}

static void what_is_longer_than_need_be_is_none(void **state)
{
	static const char *const texts[] = {
		"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
		"\x80",	    "\xff",	"\xfe",		"\xf8\x88\x80\x80\x80"};
	uint32_t c;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(utf8_decode(texts[i], strlen(texts[i]), &c), 0);
}

static void what_harms_becomes_one_question_mark(void **state)
{
	(void)state;
	assert_string_equal(clean("a\033[31mb", 99), "a?[31mb");
	assert_string_equal(clean("\xc2\x9b"
				  "31m",
				  99),
			    "?31m");
	assert_string_equal(clean("\xe2\x80\xae"
				  "rtl",
				  99),
			    "?rtl");
	assert_string_equal(clean("a\xe2\x80\x8b"
				  "b\xef\xbb\xbf",
				  99),
			    "a?b?");
	assert_string_equal(clean("\xff\xfe\xc3_", 99), "???_");
	assert_string_equal(clean("tab\there\x7f", 99), "tab?here?");
	assert_string_equal(clean("k\xc3\xb6nig \xf0\x9f\x98\x80", 99),
			    "k\xc3\xb6nig \xf0\x9f\x98\x80");
}

static void it_is_cut_between_characters(void **state)
{
	(void)state;
	assert_string_equal(clean("\xc3\xa4\xc3\xb6\xc3\xbc", 2), "\xc3\xa4\xc3\xb6");
	assert_string_equal(clean("abc", 0), "");
	/* What does not fit whole is left out. */
	assert_int_equal(utf8_clean(out, 3, "ab\xc3\xa4", 4, 99), 2);
	assert_int_equal(utf8_clean(out, 4, "ab\xc3\xa4", 4, 99), 4);
	assert_int_equal(utf8_clean(out, 3, "ab\xff\xff", 4, 99), 3);
}

static void characters_are_counted_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(utf8_count("k\xc3\xb6nig \xf0\x9f\x98\x80", 11), 7);
	assert_int_equal(utf8_plain_length("abc\xc3\xb6", 5), 3);
	assert_int_equal(utf8_plain_length("abc", 3), 3);
	assert_int_equal(utf8_plain_length("\n", 1), 0);
}

static void lines_stay_lines(void **state)
{
	(void)state;
	assert_int_equal(utf8_clean_lines(out, sizeof(out), "a\033\n\n\t b\r\n"), 9);
	assert_string_equal(out, "a?\n\n\t b?\n");
	assert_int_equal(utf8_clean_lines(out, 4, "abcdef"), 3);
	assert_string_equal(out, "abc");
	assert_int_equal(utf8_clean_lines(out, 4, "ab\xc3\xa4"), 2);
	assert_string_equal(out, "ab");
}

static void marks_sit_on_something_and_do_not_heap_up(void **state)
{
	static const char *const cases[][2] = {
		{"e\xcc\x81x", "e\xcc\x81x"},
		{"\xcc\x81x", "?x"},
		{"a\xcc\x81\xcc\x82\xcc\x83\xcc\x84z", "a\xcc\x81\xcc\x82??z"},
		{"\xe0\xa4\x95\xe0\xa5\x8d", "\xe0\xa4\x95\xe0\xa5\x8d"},
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = utf8_clean(buf, sizeof(buf) - 1, cases[i][0], strlen(cases[i][0]),
					SIZE_MAX);

		buf[len] = '\0';
		assert_string_equal(buf, cases[i][1]);
	}
	assert_false(utf8_is_mark('a'));
	assert_false(utf8_is_mark(0x2ff));
	assert_true(utf8_is_mark(0x300));
	assert_true(utf8_is_mark(0xe01ef));
	assert_false(utf8_is_mark(0x10ffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_sit_on_something_and_do_not_heap_up),
		cmocka_unit_test(every_character_is_decoded_and_no_other_number_is),
		cmocka_unit_test(what_is_longer_than_need_be_is_none),
		cmocka_unit_test(what_harms_becomes_one_question_mark),
		cmocka_unit_test(it_is_cut_between_characters),
		cmocka_unit_test(characters_are_counted_not_bytes),
		cmocka_unit_test(lines_stay_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
