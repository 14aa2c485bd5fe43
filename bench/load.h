// SPDX-License-Identifier: BSD-2-Clause
// What the load tools of the benchmark share: clocks, listeners, and numbers from argv.
#pragma once

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

// Bind the process's sockets to this backlog; the kernel cuts it to net.core.somaxconn.
#define LOAD_BACKLOG 4096

static inline double load_now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// User and system time of @who (RUSAGE_SELF or RUSAGE_CHILDREN, waited-for children only).
static inline double load_cpu_s(int who)
{
	struct rusage use;

	if (getrusage(who, &use))
		err(1, "getrusage");
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

// A number from the command line between @low and @high; anything else ends the program.
static inline long load_number(const char *what, const char *text, long low, long high)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < low || value > high)
		errx(2, "%s: a number from %ld to %ld is wanted, not '%s'", what, low, high, text);
	return value;
}

// Listen on @address (host order) and a port the kernel picks. Return: the socket; @ret_at is
// where it listens.
static inline int load_listen(uint32_t address, struct sockaddr_in *ret_at)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		err(1, "socket");
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, LOAD_BACKLOG))
		err(1, "listen");
	if (getsockname(fd, (struct sockaddr *)&at, &size))
		err(1, "getsockname");
	*ret_at = at;
	return fd;
}
