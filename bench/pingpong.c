// SPDX-License-Identifier: BSD-2-Clause
// Send a small message to and fro between two processes over loopback for some seconds, and print
// how many round trips were made and what CPU time they took.

#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

// The clock is read once per this many round trips, so that reading it costs nothing that counts.
#define TRIPS_PER_CLOCK 64
#define MESSAGE_MAX 65536

static char message[MESSAGE_MAX];

static int pingpong_receive(int fd, size_t size)
{
	return recv(fd, message, size, MSG_WAITALL) == (ssize_t)size;
}

static void pingpong_send(int fd, size_t size)
{
	if (send(fd, message, size, MSG_NOSIGNAL) != (ssize_t)size)
		err(1, "send");
}

static void pingpong_no_delay(int fd)
{
	int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		err(1, "TCP_NODELAY");
}

static void pingpong_echo(int listener, size_t size)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		err(1, "accept");
	pingpong_no_delay(fd);
	while (pingpong_receive(fd, size))
		pingpong_send(fd, size);
	_exit(0);
}

static uint64_t pingpong_run(int fd, size_t size, double until_s)
{
	uint64_t trips = 0;

	do {
		for (int i = 0; i < TRIPS_PER_CLOCK; i++) {
			pingpong_send(fd, size);
			if (!pingpong_receive(fd, size))
				errx(1, "the peer is gone");
		}
		trips += TRIPS_PER_CLOCK;
	} while (load_now_s() < until_s);
	return trips;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at;
	int listener, fd;
	double start_s, wall_s, cpu_s;
	uint64_t trips;
	size_t size;
	long run_ms;

	if (argc != 3)
		errx(2, "usage: pingpong MILLISECONDS BYTES");
	run_ms = load_number("milliseconds", argv[1], 1, 3600000);
	size = (size_t)load_number("bytes", argv[2], 1, MESSAGE_MAX);

	listener = load_listen(INADDR_LOOPBACK, &at);
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		pingpong_echo(listener, size);
	}
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)))
		err(1, "connect");
	pingpong_no_delay(fd);

	cpu_s = -load_cpu_s(RUSAGE_SELF);
	start_s = load_now_s();
	trips = pingpong_run(fd, size, start_s + (double)run_ms / 1e3);
	wall_s = load_now_s() - start_s;
	close(fd);
	wait(NULL);
	cpu_s += load_cpu_s(RUSAGE_SELF) + load_cpu_s(RUSAGE_CHILDREN);
	printf("{\"round_trips\": %ju, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n",
	       (uintmax_t)trips, wall_s, cpu_s);
	return 0;
}
