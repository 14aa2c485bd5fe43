// SPDX-License-Identifier: BSD-2-Clause
#include "confine/syscall_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/syscalls.h"

#define SKIPPED 77

static char said[4096];

/* What it says on stderr goes to `said`. Returns its wait status. */
static int in_child(unsigned syscalls, int (*body)(void))
{
	int fd[2], status;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (!pid) {
		dup2(fd[1], STDERR_FILENO);
		close(fd[1]);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		_exit(syscall_filter_enter(syscalls) == -ENOTSUP ? SKIPPED : body());
	}
	close(fd[1]);
	while ((n = read(fd[0], said + used, sizeof(said) - 1 - used)) > 0)
		used += (size_t)n;
	said[used] = '\0';
	close(fd[0]);
	waitpid(pid, &status, 0);
	/* A build with sanitizers is not filtered. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	return status;
}

static int try_socket(void)
{
	for (int i = 0; i < 3; i++)
		if (syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) != -1 || errno != ENOSYS)
			return 1;
	return 0;
}

static void test_a_refused_call_fails_as_if_it_did_not_exist_and_is_told_once(void **state)
{
	char line[128];

	(void)state;
	assert_int_equal(in_child(0, try_socket), 0);
	snprintf(line, sizeof(line),
		 "tcpsight: the sandbox refused a system call that should not be needed; please "
		 "report its number: %d\n",
		 SYS_socket);
	assert_string_equal(said, line);
}

static int try_two(void)
{
	return syscall(SYS_setuid, 0) != -1 || syscall(SYS_getuid) != -1;
}

static void test_each_refused_call_is_told(void **state)
{
	(void)state;
	assert_int_equal(in_child(0, try_two), 0);
	assert_non_null(strstr(said, "\ntcpsight: the sandbox refused"));
}

static int use_memory(void)
{
	char *p = malloc(1 << 26);

	memset(p, 1, 1 << 26);
	p = realloc(p, 1 << 27);
	free(p);
	for (int i = 0; i < 1000; i++)
		free(malloc((size_t)i * 100));
	return !p;
}

static void test_memory_is_there(void **state)
{
	(void)state;
	assert_int_equal(in_child(0, use_memory), 0);
	assert_string_equal(said, "");
}

static int give_up(void)
{
	abort();
}

static void test_an_assertion_ends_it_by_sigabrt(void **state)
{
	int status = in_child(0, give_up);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_string_equal(said, "");
}

static int enter_again(void)
{
	return syscall_filter_enter(0) < 0 ? 0 : 1;
}

static void test_a_kernel_that_refuses_filters_is_told_by_an_errno(void **state)
{
	(void)state;
	assert_int_equal(in_child(0, enter_again), 0);
}

static int open_files(void)
{
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || open("/dev/null", O_WRONLY) != -1 || errno != ENOSYS)
		return 1;
	return unlink("/nothing") != -1 || errno != ENOSYS;
}

static void test_files_are_for_reading(void **state)
{
	(void)state;
	assert_int_equal(in_child(SYSCALLS_FILES, open_files), 0);
	assert_int_not_equal(in_child(SYSCALLS_LOOP, open_files), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_refused_call_fails_as_if_it_did_not_exist_and_is_told_once),
		cmocka_unit_test(test_each_refused_call_is_told),
		cmocka_unit_test(test_memory_is_there),
		cmocka_unit_test(test_an_assertion_ends_it_by_sigabrt),
		cmocka_unit_test(test_a_kernel_that_refuses_filters_is_told_by_an_errno),
		cmocka_unit_test(test_files_are_for_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
