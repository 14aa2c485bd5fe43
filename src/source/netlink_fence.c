// SPDX-License-Identifier: BSD-2-Clause
#include "source/netlink_fence.h"

#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

void fence_open(struct fence *f)
{
	cpu_set_t cpus;
	int wanted = sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : CPU_COUNT(&cpus);

	for (int i = 0; i < wanted && f->count < FENCE_SOCKETS_MAX; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
		socklen_t len = sizeof(f->cookie[0]);

		if (fd < 0)
			return;
		f->fd[f->count] = fd;
		if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &f->cookie[f->count], &len))
			close(fd);
		else
			f->count++;
	}
}

void fence_close(struct fence *f)
{
	for (unsigned i = 0; i < f->count; i++)
		close(f->fd[i]);
	f->count = 0;
}

void fence_raise(struct fence *f)
{
	cpu_set_t home, one;
	unsigned next = 0;

	f->left = f->count;
	if (!sched_getaffinity(0, sizeof(home), &home)) {
		for (int cpu = 0; cpu < CPU_SETSIZE && next < f->count; cpu++) {
			if (!CPU_ISSET(cpu, &home))
				continue;
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			sched_setaffinity(0, sizeof(one), &one);
			close(f->fd[next++]);
		}
		sched_setaffinity(0, sizeof(home), &home);
	}
	while (next < f->count)
		close(f->fd[next++]);
	f->count = 0;
}

bool fence_passed(struct fence *f, uint64_t cookie)
{
	for (unsigned i = 0; i < FENCE_SOCKETS_MAX; i++)
		if (f->cookie[i] == cookie) {
			f->left--;
			return true;
		}
	return false;
}
