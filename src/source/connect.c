// SPDX-License-Identifier: BSD-2-Clause
/*
 * A running agent (--connect unix:PATH): its events come over its socket, and are shown here as if they
 * were our own, without its privileges. Intervals end when they end there. Of /api/v1/stream, see
 * abi/stream.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/needs.h"
#include "engine/source.h"
#include "engine/watch.h"
#include "source/connect_read.h"
#include "util/log.h"
#include "util/xalloc.h"

#define EVENTS_PER_DRAIN 256
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull
#define INTERVAL_MS_MIN 250
#define INTERVAL_MS_MAX 3600000
#define PREFIX "unix:"

struct state {
	int fd;
	struct connect_read read;
	struct event ev;
	bool has_more; /* an event may be at hand */
	bool has_ended;
	uint64_t end_ns; /* of --duration; 0: none */
	uint64_t opened, adopted, closed;
	bool has_account;
	uint64_t missed_first, full_first, missed, full;
};

static bool connect_suits(const struct watch *watch)
{
	return watch->connect && !watch->read_path && !watch->interface && !watch->fleet;
}

static int open_socket(const char *where)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = where + strlen(PREFIX);
	int fd, err;

	if (strncmp(where, PREFIX, strlen(PREFIX)) || !*path || strlen(path) >= sizeof(to.sun_path)) {
		log_error("argument --connect: expected unix:PATH, such as unix:/run/tcpsight/agent.sock");
		return -EINVAL;
	}
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return log_errno(errno, "cannot make a socket");
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	err = errno;
	close(fd);
	log_errno(err, "cannot connect to %s%s", path,
		  err == EACCES	       ? " (its group may: are you a member of it?)"
		  : err == ECONNREFUSED || err == ENOENT ? " (does an agent run there?)"
						       : "");
	return -err;
}

/* The shortest interval that anybody wants, within what an agent gives. */
static uint64_t interval_ms(const struct source *s)
{
	uint64_t ms = s->wanted_ns / NS_PER_MS;

	if (!ms)
		ms = 1000;
	return ms < INTERVAL_MS_MIN ? INTERVAL_MS_MIN : ms > INTERVAL_MS_MAX ? INTERVAL_MS_MAX : ms;
}

static int send_request(const struct source *s, int fd)
{
	char text[512];
	bool wants_extra = s->needs & (NEED_EXTRA | NEED_VERDICT);
	int len = snprintf(text, sizeof(text),
			   "GET /api/v1/stream?interval=%llu%s%s%s%s HTTP/1.0\r\nHost: localhost\r\n\r\n",
			   (unsigned long long)interval_ms(s), wants_extra ? "&extra=1" : "",
			   s->everything ? "&all=1" : "", s->listeners ? "&listeners=1" : "",
			   s->once ? "&once=1" : "");

	return send(fd, text, (size_t)len, MSG_NOSIGNAL) == len
		       ? 0
		       : log_errno(errno, "cannot ask the agent");
}

/* Bytes that are there; while it is opened, those that come. 1, 0 at the end, -EAGAIN or -errno. */
static int read_some(struct state *c)
{
	size_t room;
	char *to = connect_read_room(&c->read, &room);
	ssize_t n = read(c->fd, to, room);

	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	connect_read_put(&c->read, (size_t)n);
	return n > 0;
}

static int read_line(struct source *s, struct state *c)
{
	int n, got;

	while (!(n = connect_read_line(&c->read, VERSION))) {
		got = read_some(c);
		if (got <= 0 && got != -EAGAIN) {
			log_error("%s: the agent gives no answer", s->watch->connect);
			return got ? got : -EPROTO;
		}
	}
	if (n < 0)
		log_error("%s: %s", s->watch->connect, c->read.why);
	return n < 0 ? n : 0;
}

static int connect_open(struct source *s)
{
	struct state *c = xcalloc(1, sizeof(*c));
	int err;

	s->state = c;
	c->fd = -1;
	if (!s->watch->connect) {
		log_error("--source connect needs --connect unix:PATH");
		return -EINVAL;
	}
	c->fd = open_socket(s->watch->connect);
	if (c->fd < 0)
		return c->fd == -EACCES ? -EACCES : c->fd;
	err = send_request(s, c->fd);
	if (!err)
		err = read_line(s, c);
	if (err)
		return err;
	if (fcntl(c->fd, F_SETFL, O_NONBLOCK))
		return log_errno(errno, "cannot set up the socket");
	s->clock->realtime_offset_ns = c->read.offset_ns;
	s->interval_ns = c->read.interval_ns;
	s->lacks = s->needs & ~c->read.has;
	c->has_more = true;
	if (s->watch->duration_s)
		c->end_ns = clock_now_ns() + s->watch->duration_s * NS_PER_S;
	return 0;
}

static int connect_start(struct source *s)
{
	(void)s;
	return 0;
}

static int connect_fd(const struct source *s)
{
	const struct state *c = s->state;

	return c->has_more ? -1 : c->fd;
}

/* What the agent missed since we came. */
static void take_account(struct state *c)
{
	c->missed = c->ev.stream_missed;
	c->full = c->ev.stream_table_full;
	if (c->has_account)
		return;
	c->has_account = true;
	c->missed_first = c->missed;
	c->full_first = c->full;
}

static void take_event(struct source *s, struct state *c)
{
	const struct event *ev = &c->ev;

	if (ev->head.kind == EV_TIME)
		take_account(c);
	c->opened += ev->head.kind == EV_OPEN && !(ev->head.flags & EV_BASELINE);
	c->adopted += ev->head.kind == EV_OPEN && ev->head.flags & EV_BASELINE;
	c->closed += ev->head.kind == EV_CLOSE;
	s->emit(s->emit_context, ev);
}

/* Events that are at hand. Returns how many, or -errno. */
static int take_events(struct source *s, struct state *c)
{
	int n = 0, got = 0;

	while (n < EVENTS_PER_DRAIN && (got = connect_read_event(&c->read, &c->ev)) > 0) {
		take_event(s, c);
		n++;
	}
	if (got < 0)
		log_error("%s: %s", s->watch->connect, c->read.why);
	return got < 0 ? got : n;
}

static int connect_drain(struct source *s)
{
	struct state *c = s->state;
	int n = take_events(s, c), got;

	c->has_more = n == EVENTS_PER_DRAIN;
	if (n)
		return n;
	if (c->has_ended || (c->end_ns && clock_now_ns() >= c->end_ns))
		return 0;
	got = read_some(c);
	if (got == -EAGAIN)
		return -EAGAIN;
	if (got < 0)
		return log_errno(-got, "cannot read from the agent");
	c->has_more = true;
	if (got)
		return -EAGAIN;
	c->has_ended = true;
	/* What was asked for is whole; else it went away, or let us go. */
	if (s->once)
		return 0;
	log_error("%s: the agent has ended, or let us go since we were too slow", s->watch->connect);
	return -ECONNRESET;
}

static int connect_sample(struct source *s)
{
	(void)s;
	return 0;
}

static void connect_freeze(struct source *s)
{
	(void)s;
}

static void connect_account(struct source *s, struct account *ret)
{
	const struct state *c = s->state;

	*ret = (struct account){
		.opened = c->opened,
		.adopted = c->adopted,
		.closed = c->closed,
		.missed = c->missed - c->missed_first,
		.table_full = c->full - c->full_first,
	};
	ret->live = ret->opened + ret->adopted - ret->closed;
}

static void connect_close(struct source *s)
{
	struct state *c = s->state;

	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c);
	s->state = NULL;
}

const struct source_ops source_connect = {
	.name = "connect",
	.summary = "a running agent (--connect unix:PATH)",
	.missed_advice = "state changes or packets, as the agent tells",
	.counters = true,
	.reads_files = true,
	.tells_ticks = true,
	.suits = connect_suits,
	.open = connect_open,
	.start = connect_start,
	.fd = connect_fd,
	.drain = connect_drain,
	.sample = connect_sample,
	.freeze = connect_freeze,
	.account = connect_account,
	.close = connect_close,
};
