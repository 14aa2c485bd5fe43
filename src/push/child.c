// SPDX-License-Identifier: BSD-2-Clause
#include "push/child.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "util/log.h"

#define SOCKET_FD 3

static int become(uid_t uid, gid_t gid)
{
	if (!geteuid() &&
	    (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)))
		return -errno;
	capng_clear(CAPNG_SELECT_ALL);
	capng_apply(CAPNG_SELECT_ALL);
	/* A change of user takes it back, so it comes behind: whoever waits for a server ends at
	 * once too. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return -errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

int push_child(push_work *work, const void *settings, int socket, uid_t uid, gid_t gid)
{
	struct rlimit files;
	int err;

	/* Signals of the terminal are for who watches, whose end ends us. */
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "tcpsight-push", 0, 0, 0);
	if (socket != SOCKET_FD && dup2(socket, SOCKET_FD) < 0)
		return 1;
	if (close_range(SOCKET_FD + 1, ~0u, 0) && !getrlimit(RLIMIT_NOFILE, &files))
		for (rlim_t fd = SOCKET_FD + 1; fd < files.rlim_cur; fd++)
			close((int)fd);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	err = become(uid, gid);
	if (err) {
		log_errno(err, "cannot give up privileges of the process that sends");
		return 1;
	}
	return work(SOCKET_FD, settings);
}

/* The memfd that came with a message, or -1. */
static int descriptor_of(struct msghdr *message)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	return fd;
}

int push_take(int socket, struct push_taken *ret, int timeout_ms)
{
	struct pollfd jobs = {.fd = socket, .events = POLLIN};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {&ret->job, sizeof(ret->job)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.room,
				 .msg_controllen = sizeof(control.room)};
	ssize_t n;
	int fd;

	if (poll(&jobs, 1, timeout_ms) < 1)
		return 0;
	n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	if (n != sizeof(ret->job))
		return -1;
	fd = descriptor_of(&message);
	ret->body =
		ret->job.bytes ? mmap(NULL, ret->job.bytes, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	close(fd);
	return ret->body == MAP_FAILED ? -1 : 1;
}

void push_done(int socket, struct push_taken *taken, const struct push_answer *answer)
{
	if (taken->body)
		munmap(taken->body, taken->job.bytes);
	send(socket, answer, sizeof(*answer), MSG_NOSIGNAL);
}

void push_serve(int socket, const struct push_worker *w)
{
	struct push_taken taken;
	int taking;

	while ((taking = push_take(socket, &taken, w->look_ms)) >= 0) {
		struct push_answer answer = {0};

		if (w->look)
			w->look(w->context);
		if (!taking)
			continue;
		if (!w->send(w->context, &taken, &answer))
			return;
		push_done(socket, &taken, &answer);
	}
}

static int64_t now_ms(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static bool pause_ms(void *context, uint32_t ms)
{
	struct pollfd end = {.fd = *(const int *)context, .events = POLLRDHUP};

	return poll(&end, 1, (int)ms) < 1;
}

struct retry_clock push_clock(const int *socket)
{
	return (struct retry_clock){now_ms, pause_ms, (void *)socket};
}
