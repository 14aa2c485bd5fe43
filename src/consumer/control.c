// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/control.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/clock.h"
#include "util/log.h"
#include "util/out.h"
#include "util/xalloc.h"

#define BACKLOG 128
/* New clients at a time: whoever connects without end must not keep us from capturing. */
#define ACCEPT_MAX 16
/* How long a client may take to ask, and how long to take the answer. */
#define PATIENCE_NS 3000000000ull

struct client {
	int fd; /* -1: free */
	bool is_answered;
	uint64_t deadline_ns;
	struct control_request request;
	char *reply;
	size_t reply_len, sent;
};

struct control {
	int listener, epoll, timer;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	void (*answer)(void *context, enum control_wish wish, struct out *out);
	void *context;
	struct client client[CONTROL_CLIENTS_MAX];
};

static int address_of(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (!*path || strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	strcpy(ret->sun_path, path);
	return 0;
}

static void make_folder(const char *path, uid_t uid, gid_t gid)
{
	char copy[PATH_MAX];
	const char *folder;

	strcpy(copy, path);
	folder = dirname(copy);
	if (!mkdir(folder, 0755) && chown(folder, uid, gid))
		log_debug("cannot give %s to its user: %s", folder, strerror(errno));
}

/* A socket file whose process is gone refuses connections. Anything else is left alone. */
static bool is_stale(const struct sockaddr_un *address)
{
	struct stat st;
	int fd, err = 0;

	if (lstat(address->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	if (connect(fd, (const void *)address, sizeof(*address)))
		err = errno;
	close(fd);
	return err == ECONNREFUSED;
}

/* The mode is that of the umask while binding: nobody gets in before it is right. */
static int bind_to(int fd, const struct sockaddr_un *address)
{
	mode_t mask = umask(0117);
	int err = bind(fd, (const void *)address, sizeof(*address)) ? errno : 0;

	if (err == EADDRINUSE && is_stale(address) && !unlink(address->sun_path))
		err = bind(fd, (const void *)address, sizeof(*address)) ? errno : 0;
	umask(mask);
	return -err;
}

static int listen_at(struct control *c, const char *path, uid_t uid, gid_t gid)
{
	struct sockaddr_un address;
	int err = address_of(path, &address);

	if (err)
		return log_errno(err, "control socket %s", path);
	make_folder(path, uid, gid);
	c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->listener < 0)
		return log_errno(errno, "cannot make a socket");
	err = bind_to(c->listener, &address);
	if (err)
		return log_errno(err, "cannot bind the control socket %s", path);
	strcpy(c->path, path);
	if (chown(path, uid, gid))
		log_debug("cannot give %s to its user: %s", path, strerror(errno));
	return listen(c->listener, BACKLOG) ? log_errno(errno, "cannot listen at %s", path) : 0;
}

static int watch(const struct control *c, int fd, uint32_t events, int how)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	return epoll_ctl(c->epoll, how, fd, &ev) ? -errno : 0;
}

int control_open(struct control **ret, const char *path, uid_t uid, gid_t gid,
		 void (*answer)(void *context, enum control_wish wish, struct out *out),
		 void *context)
{
	struct control *c = xcalloc(1, sizeof(*c));
	struct itimerspec every = {.it_value.tv_sec = 1, .it_interval.tv_sec = 1};
	int err;

	c->answer = answer;
	c->context = context;
	c->listener = -1;
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		c->client[i].fd = -1;
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (c->epoll < 0 || c->timer < 0)
		err = log_errno(errno, "cannot wait for requests at %s", path);
	else
		err = listen_at(c, path, uid, gid);
	if (!err && (timerfd_settime(c->timer, 0, &every, NULL) ||
		     watch(c, c->timer, EPOLLIN, EPOLL_CTL_ADD) ||
		     watch(c, c->listener, EPOLLIN, EPOLL_CTL_ADD)))
		err = log_errno(errno, "cannot wait for requests at %s", path);
	if (err) {
		control_close(c);
		return err;
	}
	*ret = c;
	return 0;
}

int control_fd(const struct control *c)
{
	return c->epoll;
}

static void drop(struct client *cl)
{
	close(cl->fd);
	free(cl->reply);
	*cl = (struct client){.fd = -1};
}

/* The one that is free, else the one that has waited longest. */
static struct client *place(struct control *c)
{
	struct client *oldest = &c->client[0];

	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (c->client[i].fd < 0)
			return &c->client[i];
		if (c->client[i].deadline_ns < oldest->deadline_ns)
			oldest = &c->client[i];
	}
	drop(oldest);
	return oldest;
}

static void accept_some(struct control *c)
{
	for (int i = 0; i < ACCEPT_MAX; i++) {
		int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct client *cl;

		if (fd < 0)
			return;
		cl = place(c);
		*cl = (struct client){.fd = fd, .deadline_ns = clock_now_ns() + PATIENCE_NS};
		if (watch(c, fd, EPOLLIN, EPOLL_CTL_ADD))
			drop(cl);
	}
}

static void prepare(struct control *c, struct client *cl)
{
	struct out out;

	out_init_memory(&out);
	c->answer(c->context, control_request_wish(&cl->request), &out);
	cl->reply = out_take(&out, &cl->reply_len);
	cl->is_answered = true;
	cl->deadline_ns = clock_now_ns() + PATIENCE_NS;
	watch(c, cl->fd, EPOLLOUT, EPOLL_CTL_MOD);
}

static void give(struct client *cl)
{
	ssize_t n = send(cl->fd, cl->reply + cl->sent, cl->reply_len - cl->sent, MSG_NOSIGNAL);

	if (n < 0 && errno == EAGAIN)
		return;
	cl->sent += n > 0 ? (size_t)n : 0;
	if (n < 0 || cl->sent == cl->reply_len)
		drop(cl);
}

static void ask(struct control *c, struct client *cl)
{
	char piece[CONTROL_REQUEST_MAX + 1];
	ssize_t n = recv(cl->fd, piece, sizeof(piece), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0) {
		drop(cl);
		return;
	}
	if (control_request_take(&cl->request, piece, (size_t)n) || !n) {
		prepare(c, cl);
		give(cl);
	}
}

static void drop_late(struct control *c)
{
	uint64_t now_ns = clock_now_ns(), expirations;

	while (read(c->timer, &expirations, sizeof(expirations)) > 0)
		;
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (c->client[i].fd >= 0 && now_ns >= c->client[i].deadline_ns)
			drop(&c->client[i]);
}

static void serve(struct control *c, int fd)
{
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *cl = &c->client[i];

		if (cl->fd != fd)
			continue;
		if (cl->is_answered)
			give(cl);
		else
			ask(c, cl);
		return;
	}
}

void control_run(struct control *c)
{
	struct epoll_event events[CONTROL_CLIENTS_MAX];
	int n = epoll_wait(c->epoll, events, CONTROL_CLIENTS_MAX, 0);

	for (int i = 0; i < n; i++) {
		if (events[i].data.fd == c->listener)
			accept_some(c);
		else if (events[i].data.fd == c->timer)
			drop_late(c);
		else
			serve(c, events[i].data.fd);
	}
}

void control_close(struct control *c)
{
	if (!c)
		return;
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (c->client[i].fd >= 0)
			drop(&c->client[i]);
	if (c->path[0])
		unlink(c->path);
	if (c->listener >= 0)
		close(c->listener);
	close(c->timer);
	close(c->epoll);
	free(c);
}
