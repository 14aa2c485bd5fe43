// SPDX-License-Identifier: BSD-2-Clause
#include "source/bpf_look.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "util/log.h"

/* A look takes at most one part in so many of the time; with a reason, one in so many. */
#define LOOK_SHARE 10000
#define LOOK_SHARE_SOON 200

int bpf_look_every(struct bpf_look *l, int epoll, time_t seconds)
{
	struct itimerspec spec = {.it_interval.tv_sec = seconds, .it_value.tv_sec = seconds};
	struct epoll_event ev = {.events = EPOLLIN};

	l->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->timer < 0 || timerfd_settime(l->timer, 0, &spec, NULL) ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, l->timer, &ev))
		return log_errno(errno, "cannot make a timer");
	return 0;
}

bool bpf_look_is_time(const struct bpf_look *l)
{
	uint64_t expirations;

	return l->timer >= 0 && read(l->timer, &expirations, sizeof(expirations)) > 0;
}

bool bpf_look_is_due(const struct bpf_look *l, uint64_t now_ns, uint64_t lost, bool is_short)
{
	return now_ns >= (is_short || lost > l->lost ? l->soon_ns : l->next_ns);
}

void bpf_look_made(struct bpf_look *l, uint64_t begin_ns, uint64_t end_ns, uint64_t lost)
{
	l->next_ns = end_ns + (end_ns - begin_ns) * LOOK_SHARE;
	l->soon_ns = end_ns + (end_ns - begin_ns) * LOOK_SHARE_SOON;
	l->lost = lost;
}

void bpf_look_done(struct bpf_look *l)
{
	if (l->timer >= 0)
		close(l->timer);
	l->timer = -1;
}
