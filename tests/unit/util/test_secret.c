// SPDX-License-Identifier: BSD-2-Clause
/* Who may read, and write, a file that holds a secret. */
#include "util/secret.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void only_the_owner_writes_and_only_the_group_reads_beside(void **state)
{
	char path[] = "/tmp/test_secret.XXXXXX", why[512];
	int fd = mkstemp(path), got;

	(void)state;
	assert_int_equal(write(fd, "secret", 6), 6);
	for (mode_t mode = 0400; mode <= 0777; mode++) {
		char bytes[8] = "", named[8];

		assert_int_equal(fchmod(fd, mode), 0);
		why[0] = '\0';
		got = secret_open(path, why, sizeof(why));
		if (mode & 0027) {
			assert_int_equal(got, -EACCES);
			snprintf(named, sizeof(named), "%03o", mode);
			assert_non_null(strstr(why, path));
			assert_non_null(strstr(why, named));
			assert_non_null(strstr(why, "\"chmod g-w,o= /tmp/"));
			assert_null(strstr(why, "secret\""));
			continue;
		}
		assert_true(got >= 0);
		assert_string_equal(why, "");
		assert_int_equal(read(got, bytes, sizeof(bytes)), 6);
		assert_string_equal(bytes, "secret");
		close(got);
	}
	close(fd);
	unlink(path);
}

static void what_helps_does(void **state)
{
	char path[] = "/tmp/test_secret.XXXXXX", why[512], command[512];
	int fd = mkstemp(path), got;
	char *from, *to;

	(void)state;
	assert_int_equal(fchmod(fd, 0666), 0);
	assert_true(secret_open(path, why, sizeof(why)) < 0);
	from = strchr(why, '"') + 1;
	to = strchr(from, '"');
	snprintf(command, sizeof(command), "%.*s", (int)(to - from), from);
	assert_int_equal(system(command), 0);
	got = secret_open(path, why, sizeof(why));
	assert_true(got >= 0);
	close(got);
	close(fd);
	unlink(path);
}

static void what_is_no_file_of_somebody_is_not_asked(void **state)
{
	char why[512];
	int ends[2], got;
	char path[32];

	(void)state;
	assert_int_equal(secret_open("/nowhere/token", why, sizeof(why)), -ENOENT);
	assert_string_equal(why, "cannot read /nowhere/token: No such file or directory");
	got = secret_open("/dev/null", why, sizeof(why));
	assert_true(got >= 0);
	close(got);
	/* As of a shell's <(...). */
	assert_int_equal(pipe(ends), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	got = secret_open(path, why, sizeof(why));
	assert_true(got >= 0);
	close(got);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_owner_writes_and_only_the_group_reads_beside),
		cmocka_unit_test(what_helps_does),
		cmocka_unit_test(what_is_no_file_of_somebody_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
