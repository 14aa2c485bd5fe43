// SPDX-License-Identifier: BSD-2-Clause
#include "util/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct lines lines;
static char line[LINES_LENGTH_MAX + 1];

static ssize_t read_fd(void *context, void *bytes, size_t len)
{
	ssize_t n = read(*(int *)context, bytes, len);

	return n < 0 ? -errno : n;
}

static int waits_on(void *context)
{
	struct pollfd p = {.fd = *(int *)context, .events = POLLIN};

	return poll(&p, 1, 0) > 0 ? -1 : p.fd;
}

static int never(void *context)
{
	(void)context;
	return -1;
}

static void open_pipe(int fd[2], const char *text)
{
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], text, strlen(text)), strlen(text));
	lines_init(&lines, read_fd, waits_on, &fd[0]);
}

static void assert_next(const char *expected)
{
	assert_int_equal(lines_next(&lines, line), 1);
	assert_string_equal(line, expected);
}

static void lines_come_as_they_are_written(void **state)
{
	int fd[2];

	(void)state;
	open_pipe(fd, "one\ntwo\nthr");
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
	close(fd[0]);
}

static void a_line_of_the_greatest_length_fits_and_no_longer_one(void **state)
{
	char text[2 * LINES_LENGTH_MAX];
	int fd[2];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[LINES_LENGTH_MAX] = '\n';
	text[sizeof(text) - 1] = '\0';
	open_pipe(fd, text);
	assert_int_equal(lines_next(&lines, line), 1);
	assert_int_equal(strlen(line), LINES_LENGTH_MAX);
	assert_int_equal(write(fd[1], "xxxxx\n", 6), 6);
	close(fd[1]);
	assert_int_equal(lines_next(&lines, line), -E2BIG);
	assert_int_equal(strlen(line), LINES_LENGTH_MAX);
	close(fd[0]);
}

static void a_file_never_waits(void **state)
{
	char path[] = "/tmp/test_lines-XXXXXX";
	int fd = mkstemp(path);
	unsigned count = 0;

	(void)state;
	unlink(path);
	/* More than the buffer holds. */
	for (int i = 0; i < 10000; i++)
		assert_int_equal(write(fd, "12345\n", 6), 6);
	lseek(fd, 0, SEEK_SET);
	lines_init(&lines, read_fd, never, &fd);
	for (; lines_next(&lines, line) == 1; count++) {
		assert_string_equal(line, "12345");
		assert_int_equal(lines_fd(&lines), -1);
	}
	assert_int_equal(count, 10000);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_as_they_are_written),
		cmocka_unit_test(a_line_of_the_greatest_length_fits_and_no_longer_one),
		cmocka_unit_test(a_file_never_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
