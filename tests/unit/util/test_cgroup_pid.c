// SPDX-License-Identifier: BSD-2-Clause
#include "util/cgroup_pid.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const struct {
	const char *name, *text, *path;
	int err;
} cases[] = {
	{"version 2 alone", "0::/system.slice/nginx.service\n", "/system.slice/nginx.service", 0},
	{"systemd's hybrid hierarchy",
	 "12:pids:/user.slice\n1:name=systemd:/user.slice/session-3.scope\n"
	 "0::/user.slice/user-1000.slice/session-3.scope\n",
	 "/user.slice/user-1000.slice/session-3.scope", 0},
	{"a container that is only in version 1",
	 "5:cpu,cpuacct:/docker/ab\n1:name=systemd:/docker/abc\n0::/\n", "/docker/abc", 0},
	{"without systemd", "3:cpuset:/x\n2:cpu,cpuacct:/docker/ab\n1:memory:/y\n0::/\n",
	 "/docker/ab", 0},
	{"cpu second", "2:cpuacct,cpu:/docker/ab\n", "/docker/ab", 0},
	{"cpuacct is not cpu", "2:cpuacct:/docker/ab\n0::/\n", "/", 0},
	{"all are the root", "9:name=systemd:/\n2:cpu:/\n0::/\n", "/", 0},
	{"an ended cgroup", "0::/a.service (deleted)\n", "/a.service", 0},
	{"a colon in a path", "0::/a.slice:cri-containerd:b\n", "/a.slice:cri-containerd:b", 0},
	{"no line feed at the end", "0::/a.service", "/a.service", 0},
	{"outside of our cgroup namespace", "0::/../../b.service\n", "/../../b.service", 0},
	{"none that we know", "3:memory:/a\n", "", -ENOENT},
	{"nothing", "", "", -ENOENT},
	{"no path", "0::\n1:name=systemd\n2\n:\n::\n", "", -ENOENT},
	{"a path that is relative", "0::a.service\n", "", -ENOENT},
	{"not the number of version 2", "7::/a.service\n", "", -ENOENT},
};

static void the_path_that_tells_most_is_chosen(void **state)
{
	char path[CGROUP_PATH_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int err = cgroup_choose_path(cases[i].text, strlen(cases[i].text), path);

		if (err != cases[i].err || strcmp(path, cases[i].path))
			fail_msg("%s: %d '%s'", cases[i].name, err, path);
	}
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
	char path[CGROUP_PATH_SIZE], text[CGROUP_PATH_SIZE + 3];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "0::/", 4);
	assert_int_equal(cgroup_choose_path(text, sizeof(text) - 1, path), 0);
	assert_int_equal(strlen(path), CGROUP_PATH_SIZE - 1);
	assert_int_equal(cgroup_choose_path(text, sizeof(text), path), -ENAMETOOLONG);
	assert_string_equal(path, "");
}

static void a_process_is_read(void **state)
{
	char path[CGROUP_PATH_SIZE];

	(void)state;
	assert_int_equal(cgroup_of_pid((uint32_t)getpid(), path), 0);
	assert_int_equal(path[0], '/');
	assert_int_equal(cgroup_of_pid(1u << 30, path), -ENOENT);
	assert_string_equal(path, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_that_tells_most_is_chosen),
		cmocka_unit_test(a_path_that_does_not_fit_is_refused),
		cmocka_unit_test(a_process_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
