// SPDX-License-Identifier: BSD-2-Clause
#include "app/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/log.h"

#define STATUS_CANNOT_RUN 127

/* In the child: wait until the parent watches, then become the command. */
static _Noreturn void run(int go, const char *command)
{
	sigset_t none;
	char c;

	while (read(go, &c, 1) < 0 && errno == EINTR)
		;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(STATUS_CANNOT_RUN);
}

int child_make(struct child *c, const char *command)
{
	int pipe_fd[2];
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC))
		return log_errno(errno, "cannot run %s", command);
	pid = fork();
	if (pid < 0)
		return log_errno(errno, "cannot run %s", command);
	if (!pid) {
		close(pipe_fd[1]);
		run(pipe_fd[0], command);
	}
	close(pipe_fd[0]);
	c->go = pipe_fd[1];
	c->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return c->pidfd < 0 ? log_errno(errno, "cannot watch %s", command) : 0;
}

void child_go(struct child *c)
{
	if (c->go >= 0)
		close(c->go);
	c->go = -1;
}

void child_done(struct child *c)
{
	child_go(c);
	if (c->pidfd < 0)
		return;
	waitid(P_PIDFD, (id_t)c->pidfd, &(siginfo_t){0}, WEXITED | WNOHANG);
	close(c->pidfd);
	c->pidfd = -1;
}
