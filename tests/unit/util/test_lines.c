// SPDX-License-Identifier: BSD-2-Clause
#include "util/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct lines lines;
static char line[LINES_LENGTH_MAX + 1];

/* A pipe of which stdio has read the beginning already, as when somebody looked what it holds. */
static FILE *half_read(int fd[2], const char *text)
{
	FILE *file;
	int first;

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], text, strlen(text)), strlen(text));
	file = fdopen(fd[0], "r");
	first = fgetc(file);
	ungetc(first, file);
	return file;
}

static void assert_next(const char *expected)
{
	assert_int_equal(lines_next(&lines, line), 1);
	assert_string_equal(line, expected);
}

static void what_stdio_has_read_is_not_lost(void **state)
{
	int fd[2];
	FILE *file = half_read(fd, "one\ntwo\nthr");

	(void)state;
	assert_int_equal(lines_read_ahead(file), 11);
	lines_init(&lines, file);
	assert_int_equal(lines_read_ahead(file), 0);
	assert_int_equal(lines_fd(&lines), -1);
	assert_next("one");
	assert_next("two");
	assert_int_equal(lines_fd(&lines), fd[0]);
	assert_int_equal(write(fd[1], "e", 1), 1);
	assert_int_equal(lines_next(&lines, line), -EAGAIN);
	assert_int_equal(write(fd[1], "e\n\nlast", 7), 7);
	assert_next("three");
	assert_int_equal(lines_fd(&lines), -1);
	assert_next("");
	close(fd[1]);
	assert_next("last");
	assert_int_equal(lines_fd(&lines), -1);
	assert_int_equal(lines_next(&lines, line), 0);
	assert_int_equal(lines_next(&lines, line), 0);
	fclose(file);
}

static void a_line_of_the_greatest_length_fits_and_no_longer_one(void **state)
{
	char text[2 * LINES_LENGTH_MAX];
	int fd[2];
	FILE *file;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[LINES_LENGTH_MAX] = '\n';
	text[sizeof(text) - 1] = '\0';
	file = half_read(fd, text);
	lines_init(&lines, file);
	assert_int_equal(lines_next(&lines, line), 1);
	assert_int_equal(strlen(line), LINES_LENGTH_MAX);
	assert_int_equal(write(fd[1], "xxxxx\n", 6), 6);
	close(fd[1]);
	assert_int_equal(lines_next(&lines, line), -E2BIG);
	assert_int_equal(strlen(line), LINES_LENGTH_MAX);
	fclose(file);
}

static void a_file_never_waits(void **state)
{
	char path[] = "/tmp/test_lines-XXXXXX";
	int fd = mkstemp(path);
	FILE *file;
	unsigned count = 0;

	(void)state;
	unlink(path);
	/* More than the buffer holds. */
	for (int i = 0; i < 10000; i++)
		assert_int_equal(write(fd, "12345\n", 6), 6);
	lseek(fd, 0, SEEK_SET);
	file = fdopen(fd, "r");
	lines_init(&lines, file);
	for (; lines_next(&lines, line) == 1; count++) {
		assert_string_equal(line, "12345");
		assert_int_equal(lines_fd(&lines), -1);
	}
	assert_int_equal(count, 10000);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stdio_has_read_is_not_lost),
		cmocka_unit_test(a_line_of_the_greatest_length_fits_and_no_longer_one),
		cmocka_unit_test(a_file_never_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
