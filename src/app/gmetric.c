// SPDX-License-Identifier: BSD-2-Clause
#include "app/gmetric.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/log.h"
#include "util/utf8.h"

extern char **environ;

struct metric {
	char name[512];
	long long value;
};

/* In the child. Without a shell: a filter's name may hold anything. */
static int run(const struct metric *m)
{
	char number[32];
	char *argv[] = {GMETRIC, "-n", (char *)m->name, "-v", number, "-t", "uint32", NULL};
	int status, err;
	pid_t pid;

	snprintf(number, sizeof(number), "%lld", m->value);
	err = posix_spawn(&pid, GMETRIC, NULL, NULL, argv, environ);
	if (err)
		return log_errno(err, "cannot run " GMETRIC);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return log_errno(errno, "cannot wait for " GMETRIC);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFEXITED(status))
		log_error(GMETRIC " failed for %s: exit status %d", m->name, WEXITSTATUS(status));
	else
		log_error(GMETRIC " failed for %s: ended by signal %d", m->name, WTERMSIG(status));
	return -EIO;
}

static _Noreturn void serve(int fd)
{
	struct metric m;

	while (read(fd, &m, sizeof(m)) == sizeof(m)) {
		int err;

		m.name[sizeof(m.name) - 1] = '\0';
		err = run(&m);
		if (write(fd, &err, sizeof(err)) != sizeof(err))
			break;
	}
	_exit(0);
}

int gmetric_open(struct gmetric *g)
{
	int fd[2];

	g->fd = -1;
	/* Messages arrive whole, and reading ends when the other side is gone. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return log_errno(errno, "cannot run " GMETRIC);
	g->pid = fork();
	if (!g->pid) {
		close(fd[0]);
		serve(fd[1]);
	}
	close(fd[1]);
	if (g->pid < 0) {
		close(fd[0]);
		return log_errno(errno, "cannot run " GMETRIC);
	}
	g->fd = fd[0];
	return 0;
}

int gmetric_send(const struct gmetric *g, const char *name, long long value)
{
	struct metric m = {.value = value};
	char shown[sizeof(m.name)];
	int err;

	snprintf(m.name, sizeof(m.name), "%s", name);
	utf8_clean_lines(shown, sizeof(shown), name);
	printf("%s -n %s -v %lld -t uint32\n", GMETRIC, shown, value);
	fflush(stdout);
	if (write(g->fd, &m, sizeof(m)) != sizeof(m) || read(g->fd, &err, sizeof(err)) != sizeof(err))
		return log_errno(EPIPE, "cannot run " GMETRIC);
	return err;
}

void gmetric_close(struct gmetric *g)
{
	siginfo_t info;

	if (g->fd < 0)
		return;
	close(g->fd);
	g->fd = -1;
	waitid(P_PID, (id_t)g->pid, &info, WEXITED);
}
