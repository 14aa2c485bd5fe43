// SPDX-License-Identifier: BSD-2-Clause
// Open and close TCP connections over loopback as fast as one client and one server process can,
// and print how long that took and what CPU time it cost.
//
// The server accepts and closes; the client connects, reads the end of the stream and closes. So
// the two keep in step, no queue overflows, and each connection ends with a FIN each way. The
// closed connections wait in TIME_WAIT; going round many 127.x addresses keeps the local ports
// of each far from used up.

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

#define ADDRESSES 200
#define FIRST_ADDRESS 0x7f010001u // 127.1.0.1

static void churn_serve(int listener, long connections)
{
	for (long i = 0; i < connections; i++) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			err(1, "accept");
		close(fd);
	}
	_exit(0);
}

static void churn_connect(struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char byte;

	if (fd < 0 || connect(fd, (struct sockaddr *)at, sizeof(*at)))
		err(1, "connect");
	if (recv(fd, &byte, 1, 0) != 0)
		err(1, "the stream should just end");
	close(fd);
}

int main(int argc, char **argv)
{
	double start_s, wall_s, cpu_s;
	struct sockaddr_in at;
	long connections;
	int listener, status;

	if (argc != 2)
		errx(2, "usage: churn CONNECTIONS");
	connections = load_number("connections", argv[1], 1, 100000000);

	listener = load_listen(INADDR_ANY, &at);
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		churn_serve(listener, connections);
	}
	cpu_s = -load_cpu_s(RUSAGE_SELF);
	start_s = load_now_s();
	for (long i = 0; i < connections; i++) {
		at.sin_addr.s_addr = htonl(FIRST_ADDRESS + (uint32_t)(i % ADDRESSES));
		churn_connect(&at);
	}
	wall_s = load_now_s() - start_s;
	if (wait(&status) < 0 || status)
		errx(1, "the server failed");
	cpu_s += load_cpu_s(RUSAGE_SELF) + load_cpu_s(RUSAGE_CHILDREN);
	printf("{\"connections\": %ld, \"port\": %u, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n",
	       connections, ntohs(at.sin_port), wall_s, cpu_s);
	return 0;
}
