// SPDX-License-Identifier: BSD-2-Clause
#include "util/out.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char text[200000];

/* Collect what was written through a pipe or file. */
static size_t written(struct out *o, int read_fd)
{
	ssize_t n;

	out_flush(o);
	n = read(read_fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static struct out piped(int fd[2])
{
	struct out o;

	assert_int_equal(pipe(fd), 0);
	out_init(&o, fd[1]);
	return o;
}

static void finish(struct out *o, int fd[2])
{
	out_done(o);
	close(fd[0]);
	close(fd[1]);
}

static void json_strings_are_escaped_and_always_utf8(void **state)
{
	int fd[2];
	struct out o = piped(fd);

	(void)state;
	out_json_string(&o, "a\"b\\c\n\x01 \xc3\xa9 \xff\xc0\x80 \xed\xa0\x80", 18);
	written(&o, fd[0]);
	assert_string_equal(text, "\"a\\\"b\\\\c\\u000a\\u0001 \xc3\xa9 \\ufffd\\ufffd\\ufffd "
				  "\\ufffd\\ufffd\\ufffd\"");
	finish(&o, fd);
}

/* Each byte at each place of texts of several lengths: what is written in place is what would be written anyway. */
static void plain_is_what_needs_no_escape(void **state)
{
	(void)state;
	for (size_t len = 1; len <= 20; len++)
		for (size_t at = 0; at < len; at++)
			for (int c = 0; c < 256; c++) {
				bool is_plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
				char from[20], to[24], *end;

				memset(from, 'x', len);
				from[at] = (char)c;
				end = out_json_plain(to, from, len);
				assert_int_equal(end != NULL, is_plain);
				if (!end)
					continue;
				assert_int_equal(end - to, len + 2);
				assert_true(to[0] == '"' && to[len + 1] == '"');
				assert_memory_equal(to + 1, from, len);
			}
}

/* One beside another, which a look at eight bytes at once must not mix up. */
static void plain_is_nothing_with_two_odd_ones(void **state)
{
	(void)state;
	for (int a = 0; a < 256; a++)
		for (int b = 0; b < 256; b++) {
			char from[8] = {'x', (char)a, (char)b, 'x', 'x', 'x', 'x', 'x'}, to[10];
			bool is_plain = a >= ' ' && a <= '~' && a != '"' && a != '\\' && b >= ' ' &&
					b <= '~' && b != '"' && b != '\\';

			assert_int_equal(out_json_plain(to, from, 8) != NULL, is_plain);
		}
}

static void for_the_web_json_strings_hold_no_markup(void **state)
{
	static const char hostile[] = "a</script>&\xe2\x80\xa8\xe2\x80\xa9\xc3\xa9";
	int fd[2];
	struct out o = piped(fd);

	(void)state;
	o.for_web = true;
	out_json_string(&o, hostile, sizeof(hostile) - 1);
	written(&o, fd[0]);
	assert_string_equal(text, "\"a\\u003c/script\\u003e\\u0026\\u2028\\u2029\xc3\xa9\"");
	finish(&o, fd);
}

static void fields_are_padded_but_never_cut(void **state)
{
	int fd[2];
	struct out o = piped(fd);

	(void)state;
	out_field(&o, "ab", 2, 4);
	out_field(&o, "ab", 2, -4);
	out_field(&o, "abcdef", 6, 4);
	written(&o, fd[0]);
	assert_string_equal(text, "  abab  abcdef");
	finish(&o, fd);
}

static void a_window_clips_lines_and_columns_by_character(void **state)
{
	int fd[2];
	struct out o = piped(fd);

	(void)state;
	out_clip(&o, 2, 3);
	out_str(&o, "abcdef\n\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\nthird\n");
	out_clip(&o, 0, 0);
	out_str(&o, "after");
	written(&o, fd[0]);
	assert_string_equal(text, "abc\n\xc3\xa9\xc3\xa9\xc3\xa9\nafter");
	finish(&o, fd);
}

static void a_window_of_one_column_is_no_trap(void **state)
{
	int fd[2];
	struct out o = piped(fd);

	(void)state;
	out_clip(&o, 1, 1);
	out_str(&o, "abc\ndef\n");
	written(&o, fd[0]);
	assert_string_equal(text, "a\n");
	finish(&o, fd);
}

static void an_error_sticks(void **state)
{
	struct out o;
	int full = open("/dev/full", O_WRONLY);

	(void)state;
	out_init(&o, full);
	for (int i = 0; i < 100000; i++)
		out_uint(&o, (uint64_t)i);
	assert_int_equal(out_flush(&o), -ENOSPC);
	assert_int_equal(o.error, ENOSPC);
	out_done(&o);
	close(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_strings_are_escaped_and_always_utf8),
		cmocka_unit_test(plain_is_what_needs_no_escape),
		cmocka_unit_test(plain_is_nothing_with_two_odd_ones),
		cmocka_unit_test(for_the_web_json_strings_hold_no_markup),
		cmocka_unit_test(fields_are_padded_but_never_cut),
		cmocka_unit_test(a_window_clips_lines_and_columns_by_character),
		cmocka_unit_test(a_window_of_one_column_is_no_trap),
		cmocka_unit_test(an_error_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
