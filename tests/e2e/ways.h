/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways in which a program can hand data to a TCP socket, for traffic.c alone. Each takes up to
 * `n` bytes (n <= sizeof(payload)) and returns how many the socket took, or -1 with errno.
 */
#pragma once
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <fcntl.h>
#include <time.h>
#include <linux/errqueue.h>
#include <unistd.h>
#ifdef HAVE_LIBURING
#include <liburing.h>
#endif

/* Exit status for "this machine cannot do that", which a test turns into a skip. */
#define EXIT_NOT_HERE 77

static char payload[1 << 20];

static ssize_t put_send(int sock, size_t n)
{
	return send(sock, payload, n, MSG_NOSIGNAL);
}

static ssize_t put_writev(int sock, size_t n)
{
	struct iovec part[3] = {{payload, n / 3}, {payload, 0}, {payload, n - n / 3}};

	return writev(sock, part, 3);
}

static ssize_t put_sendfile(int sock, size_t n)
{
	static int file = -1;
	off_t offset = 0;

	if (file < 0) {
		file = memfd_create("payload", MFD_CLOEXEC);
		if (file < 0 || ftruncate(file, sizeof(payload)) < 0)
			err(1, "memfd");
	}
	return sendfile(sock, file, &offset, n);
}

static ssize_t put_splice(int sock, size_t n)
{
	static int pipe_fd[2] = {-1, -1};
	static size_t waiting;
	ssize_t r;

	if (pipe_fd[0] < 0 && pipe2(pipe_fd, O_CLOEXEC) < 0)
		err(1, "pipe");
	if (!waiting) {
		r = write(pipe_fd[1], payload, n < PIPE_BUF * 4 ? n : PIPE_BUF * 4);
		if (r < 0)
			err(1, "write to pipe");
		waiting = (size_t)r;
	}
	r = splice(pipe_fd[0], NULL, sock, NULL, waiting, 0);
	if (r > 0)
		waiting -= (size_t)r;
	return r;
}

static ssize_t put_zerocopy(int sock, size_t n)
{
	static const int one = 1;
	char control[CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6))];
	struct msghdr done = {.msg_control = control, .msg_controllen = sizeof(control)};

	if (setsockopt(sock, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)) < 0)
		err(1, "SO_ZEROCOPY");
	while (recvmsg(sock, &done, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
		done.msg_controllen = sizeof(control);
	return send(sock, payload, n < 65536 ? n : 65536, MSG_NOSIGNAL | MSG_ZEROCOPY);
}

#ifdef HAVE_LIBURING
static ssize_t put_uring(int sock, size_t n)
{
	static struct io_uring ring;
	static bool ready;
	struct io_uring_cqe *done;
	struct io_uring_sqe *sqe;
	int r = ready ? 0 : io_uring_queue_init(4, &ring, 0);

	if (r < 0)
		errx(EXIT_NOT_HERE, "io_uring: %s", strerror(-r));
	ready = true;
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_send(sqe, sock, payload, n, MSG_NOSIGNAL);
	if (io_uring_submit(&ring) != 1 || io_uring_wait_cqe(&ring, &done) < 0)
		errx(1, "io_uring: no completion");
	r = done->res;
	io_uring_cqe_seen(&ring, done);
	errno = r < 0 ? -r : 0;
	return r < 0 ? -1 : r;
}
#endif

/* Asks for more than the small send buffer holds, without waiting. */
static ssize_t put_partial(int sock, size_t n)
{
	static const int small = 4096;

	setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	return send(sock, payload, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

struct way {
	const char *name;
	ssize_t (*put)(int sock, size_t n);
};

static const struct way ways[] = {
	{"send", put_send},	{"writev", put_writev},	    {"sendfile", put_sendfile},
	{"splice", put_splice}, {"zerocopy", put_zerocopy}, {"partial", put_partial},
#ifdef HAVE_LIBURING
	{"uring", put_uring},
#endif
};

/* Returns NULL if there is no such way here. */
static inline const struct way *way_find(const char *name)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	return NULL;
}
