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
		cmocka_unit_test(for_the_web_json_strings_hold_no_markup),
		cmocka_unit_test(fields_are_padded_but_never_cut),
		cmocka_unit_test(a_window_clips_lines_and_columns_by_character),
		cmocka_unit_test(a_window_of_one_column_is_no_trap),
		cmocka_unit_test(an_error_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
