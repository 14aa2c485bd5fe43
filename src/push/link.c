// SPDX-License-Identifier: BSD-2-Clause
#include "push/link.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "push/child.h"
#include "util/xalloc.h"

struct push_body {
	struct push_body *next;
	struct push_job job;
	void *data;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

int push_start(struct push *p, push_work *work, const void *settings, uid_t uid, gid_t gid)
{
	int ends[2];

	*p = (struct push){.socket = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	p->pid = fork();
	if (p->pid < 0) {
		int err = -errno;

		close(ends[0]);
		close(ends[1]);
		return err;
	}
	if (!p->pid)
		_exit(push_child(work, settings, ends[1], uid, gid));
	close(ends[1]);
	p->socket = ends[0];
	p->account.is_up = true;
	return 0;
}

static void free_first(struct push *p)
{
	struct push_body *body = p->first;

	p->first = body->next;
	if (!p->first)
		p->last = NULL;
	p->bytes -= body->job.bytes;
	free(body->data);
	free(body);
}

/* What was not sent is lost, unless somebody sends it another time. */
static void end_job(struct push *p, const struct push_job *job, enum push_end end, uint64_t *lost,
		    uint32_t records)
{
	const struct push_observer *o = &p->observer;

	p->account.waiting -= job->records;
	if (!(o->ended && o->ended(o->context, job, end)))
		*lost += records;
}

static void drop_first(struct push *p)
{
	struct push_job job = p->first->job;

	free_first(p);
	end_job(p, &job, PUSH_DROPPED, &p->account.dropped, job.records);
}

/* No more is sent: what was under way may have arrived or not, and counts as not. */
static void end_link(struct push *p)
{
	close(p->socket);
	p->socket = -1;
	p->account.is_up = p->account.is_connected = false;
	for (unsigned i = 0; i < p->jobs; i++)
		end_job(p, &p->under_way[i], PUSH_GIVEN_UP, &p->account.dropped,
			p->under_way[i].records);
	p->jobs = 0;
	while (p->first)
		drop_first(p);
}

static void lose_process(struct push *p)
{
	end_link(p);
	p->has_ended = true;
}

static int body_to_memfd(const struct push_body *body)
{
	const char *at = body->data, *end = at + body->job.bytes;
	int fd = memfd_create("tcpsight-push", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (at < end) {
		ssize_t n = write(fd, at, (size_t)(end - at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int err = n ? -errno : -EIO;

			close(fd);
			return err;
		}
		at += n;
	}
	return fd;
}

/* 0, -EAGAIN if it is not the time, or another -errno: the process is gone, or there is no memory.
 */
static int hand_over(struct push *p, const struct push_body *body)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.room = {0}};
	struct iovec part = {(void *)&body->job, sizeof(body->job)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.room,
				 .msg_controllen = sizeof(control.room)};
	int fd = body_to_memfd(body), err;

	if (fd < 0)
		return fd;
	control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS,
					  .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	err = sendmsg(p->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static void hand_over_all(struct push *p)
{
	while (p->socket >= 0 && p->first && p->jobs < PUSH_UNDER_WAY) {
		int err = hand_over(p, p->first);

		if (err == -EPIPE || err == -ECONNRESET) {
			lose_process(p);
			return;
		}
		if (err)
			return;
		if (p->observer.handed_over)
			p->observer.handed_over(p->observer.context, &p->first->job);
		if (!p->jobs)
			p->owes_since_ms = now_ms();
		p->under_way[p->jobs++] = p->first->job;
		free_first(p);
	}
}

bool push_is_stuck(const struct push *p, unsigned limit_s)
{
	return p->jobs && now_ms() - p->owes_since_ms > limit_s * 1000ll;
}

bool push_has_room(const struct push *p)
{
	return p->socket >= 0 && !p->first && p->jobs < PUSH_UNDER_WAY;
}

void push_drop(struct push *p, uint32_t kind)
{
	struct push_body **at = &p->first, *body;

	p->last = NULL;
	while ((body = *at)) {
		struct push_job job = body->job;

		if (job.kind != kind) {
			p->last = body;
			at = &body->next;
			continue;
		}
		*at = body->next;
		p->bytes -= job.bytes;
		free(body->data);
		free(body);
		end_job(p, &job, PUSH_DROPPED, &p->account.dropped, job.records);
	}
}

uint64_t push_oldest_us(const struct push *p, uint32_t kind)
{
	uint64_t oldest = UINT64_MAX;

	for (unsigned i = 0; i < p->jobs; i++)
		if (p->under_way[i].kind == kind && p->under_way[i].first_us < oldest)
			oldest = p->under_way[i].first_us;
	for (const struct push_body *b = p->first; b; b = b->next)
		if (b->job.kind == kind && b->job.first_us < oldest)
			oldest = b->job.first_us;
	return oldest;
}

void push_send(struct push *p, const struct push_job *job, void *data)
{
	struct push_body *body = xcalloc(1, sizeof(*body));

	body->job = *job;
	body->data = data;
	if (p->last)
		p->last->next = body;
	else
		p->first = body;
	p->last = body;
	p->bytes += job->bytes;
	p->account.waiting += job->records;
	hand_over_all(p);
	while (p->first && (p->socket < 0 || p->bytes > PUSH_BYTES_MAX ||
			    p->account.waiting > PUSH_RECORDS_MAX))
		drop_first(p);
}

/* 1: an answer was taken; 0: there is none; -1: the process is gone. */
static int take_answer(struct push *p)
{
	struct push_answer answer;
	struct push_job job;
	ssize_t n = recv(p->socket, &answer, sizeof(answer), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n != sizeof(answer) || !p->jobs)
		return -1;
	job = p->under_way[0];
	p->account.sent += answer.sent;
	p->account.rejected += answer.rejected;
	p->account.retries += answer.retries;
	p->account.is_connected = answer.is_connected;
	p->owes_since_ms = now_ms();
	p->jobs--;
	memmove(&p->under_way[0], &p->under_way[1], p->jobs * sizeof(p->under_way[0]));
	end_job(p, &job, answer.given_up ? PUSH_GIVEN_UP : PUSH_SETTLED, &p->account.given_up,
		answer.given_up);
	return 1;
}

void push_run(struct push *p)
{
	int taken = 1;

	if (p->socket < 0)
		return;
	while (taken > 0)
		taken = take_answer(p);
	if (taken < 0)
		lose_process(p);
	else
		hand_over_all(p);
}

bool push_has_ended(struct push *p)
{
	bool has_ended = p->has_ended;

	p->has_ended = false;
	return has_ended;
}

void push_wait(struct push *p, uint32_t records, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms, left;

	while (p->socket >= 0 && p->account.waiting > records && (left = end - now_ms()) > 0) {
		struct pollfd answers = {.fd = p->socket, .events = POLLIN};

		if (poll(&answers, 1, (int)left) < 0 && errno != EINTR)
			return;
		push_run(p);
	}
}

void push_stop(struct push *p)
{
	if (p->socket >= 0)
		end_link(p);
}
