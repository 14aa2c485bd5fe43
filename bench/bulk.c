// SPDX-License-Identifier: BSD-2-Clause
// A busy link: one bulk transfer, and beside it many short connections at a steady pace.
//
// `bulk sink ADDRESS` prints the port that it listens on, and reads whatever comes until stdin
// ends. `bulk send ADDRESS PORT SECONDS RATE [MBITS]` sends, at most so many Mbit/s, opens RATE
// connections a second of 100 bytes each meanwhile, and prints what was moved.

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load.h"

#define CHUNK (256 * 1024)
#define EVENTS 64
#define SHORT_BYTES 100

static char chunk[CHUNK];

static void bulk_watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		err(1, "cannot wait for connections");
}

static int bulk_sink(uint32_t address)
{
	struct epoll_event events[EVENTS];
	struct sockaddr_in at;
	int listener = load_listen(address, &at), epoll = epoll_create1(0);

	printf("{\"port\":%u}\n", ntohs(at.sin_port));
	fflush(stdout);
	bulk_watch(epoll, listener);
	bulk_watch(epoll, STDIN_FILENO);
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == STDIN_FILENO)
				return 0;
			if (fd == listener)
				bulk_watch(epoll, accept(listener, NULL, NULL));
			else if (recv(fd, chunk, sizeof(chunk), 0) <= 0)
				close(fd);
		}
	}
}

struct bulk_shorts {
	struct sockaddr_in at;
	double until_s, pause_s;
	unsigned int bytes_s; /* of the bulk transfer, at most; 0: as fast as it goes */
	long connections;
};

static int bulk_connect(const struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)at, sizeof(*at)))
		err(1, "connect");
	return fd;
}

static void *bulk_short(void *argument)
{
	struct bulk_shorts *s = argument;
	char bytes[SHORT_BYTES] = {0};
	double next_s = load_now_s();

	while (next_s < s->until_s) {
		double wait_s = next_s - load_now_s();
		int fd;

		if (wait_s > 0)
			usleep((useconds_t)(wait_s * 1e6));
		fd = bulk_connect(&s->at);
		if (send(fd, bytes, sizeof(bytes), 0) != sizeof(bytes))
			err(1, "send");
		close(fd);
		s->connections++;
		next_s += s->pause_s;
	}
	return NULL;
}

static int bulk_send(struct bulk_shorts *s)
{
	double start_s = load_now_s();
	uint64_t bytes = 0;
	pthread_t thread;
	int fd = bulk_connect(&s->at);

	if (s->bytes_s && setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &s->bytes_s, sizeof(s->bytes_s)))
		err(1, "SO_MAX_PACING_RATE");
	s->until_s += start_s;
	if (pthread_create(&thread, NULL, bulk_short, s))
		err(1, "pthread_create");
	while (load_now_s() < s->until_s) {
		ssize_t n = send(fd, chunk, sizeof(chunk), 0);

		if (n < 0)
			err(1, "send");
		bytes += (uint64_t)n;
	}
	close(fd);
	pthread_join(thread, NULL);
	printf("{\"bytes\":%llu,\"seconds\":%.6f,\"connections\":%ld}\n", (unsigned long long)bytes,
	       load_now_s() - start_s, s->connections + 1);
	return 0;
}

int main(int argc, char **argv)
{
	struct bulk_shorts s = {.at.sin_family = AF_INET};
	bool sends = (argc == 6 || argc == 7) && !strcmp(argv[1], "send");

	if (!sends && (argc != 3 || strcmp(argv[1], "sink")))
		errx(2, "usage: bulk sink ADDRESS | send ADDRESS PORT SECONDS RATE [MBITS]");
	if (inet_pton(AF_INET, argv[2], &s.at.sin_addr) != 1)
		errx(2, "no address: %s", argv[2]);
	if (!sends)
		return bulk_sink(ntohl(s.at.sin_addr.s_addr));
	s.at.sin_port = htons((uint16_t)load_number("port", argv[3], 1, 65535));
	s.until_s = (double)load_number("seconds", argv[4], 1, 3600);
	s.pause_s = 1.0 / (double)load_number("rate", argv[5], 1, 100000);
	if (argc == 7)
		s.bytes_s = (unsigned int)load_number("Mbit/s", argv[6], 1, 30000) * 125000;
	return bulk_send(&s);
}
