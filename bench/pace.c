// SPDX-License-Identifier: BSD-2-Clause
// Open and close TCP connections over loopback at a steady rate, until standard input ends; then print
// how many there were.
//
//     pace CONNECTIONS_PER_SECOND [ADDRESSES]
//
// Connections come in bursts, a hundred times a second. The server closes first; addresses go round
// ADDRESSES (200) of 127.x, so that what waits in TIME_WAIT uses up no ports.

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

#define BURSTS 100
#define ADDRESSES 200
#define ADDRESSES_MAX 10000000
#define FIRST_ADDRESS 0x7f020001u // 127.2.0.1

static void pace_serve(int listener)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			close(fd);
	}
}

static void pace_connect(struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char byte;

	if (fd < 0 || connect(fd, (struct sockaddr *)at, sizeof(*at)))
		err(1, "connect");
	if (recv(fd, &byte, 1, 0) < 0)
		err(1, "recv");
	close(fd);
}

int main(int argc, char **argv)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	double next_s = load_now_s();
	struct sockaddr_in at;
	long rate, addresses = ADDRESSES, count = 0;
	int listener;
	pid_t server;

	if (argc != 2 && argc != 3)
		errx(2, "usage: pace CONNECTIONS_PER_SECOND [ADDRESSES]");
	rate = load_number("connections a second", argv[1], BURSTS, 100000);
	if (argc == 3)
		addresses = load_number("addresses", argv[2], 1, ADDRESSES_MAX);
	listener = load_listen(INADDR_ANY, &at);
	server = fork();
	if (server < 0)
		err(1, "fork");
	if (!server)
		pace_serve(listener);
	while (poll(&input, 1, 0) == 0) {
		for (long i = 0; i < rate / BURSTS; i++) {
			at.sin_addr.s_addr = htonl(FIRST_ADDRESS + (uint32_t)(count++ % addresses));
			pace_connect(&at);
		}
		next_s += 1.0 / BURSTS;
		if (next_s > load_now_s())
			usleep((useconds_t)((next_s - load_now_s()) * 1e6));
	}
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	printf("%ld\n", count);
	return 0;
}
