// SPDX-License-Identifier: BSD-2-Clause
/*
 * Makes many short TCP connections, fast: churn ADDR FLOWS PROCESSES [--list | --hold]
 *
 * Each process holds both ends of its share, so a flow lives for some tens of microseconds. Flow i
 * carries 1 + i % 1000 bytes to the accepting side; its ends take turns in closing first. Prints
 * the totals as one JSON line, with --list before it one line for every flow.
 *
 * With --hold the accepting side always closes first, and the other one only when the kernel's timer
 * has sent the ACK that it put off: so each flow's end comes on the time of whatever task runs then.
 */
#include "closed.h"
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Each listener has port pairs of its own: one alone would run out of those not in TIME_WAIT. */
enum { LISTENERS = 4, BYTES_MAX = 1000, HELD = 250, HOLD_US = 80000 };

struct listener {
	struct sockaddr_in address;
	int sock;
};

static char payload[BYTES_MAX];

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void listener_open(struct listener *l, const char *address)
{
	socklen_t size = sizeof(l->address);

	l->address.sin_family = AF_INET;
	if (inet_pton(AF_INET, address, &l->address.sin_addr) != 1)
		errx(2, "no IPv4 address: %s", address);
	l->sock = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(l->sock, (struct sockaddr *)&l->address, size) < 0 || listen(l->sock, 16) < 0)
		err(1, "listen on %s", address);
	getsockname(l->sock, (struct sockaddr *)&l->address, &size);
}

static uint16_t local_port(int sock)
{
	struct sockaddr_in local = {0};
	socklen_t size = sizeof(local);

	getsockname(sock, (struct sockaddr *)&local, &size);
	return ntohs(local.sin_port);
}

/* Make flow i and bring it its bytes; returns when it was established. */
static uint64_t flow_open(const struct listener *l, uint64_t i, int *ret_client, int *ret_server)
{
	size_t bytes = 1 + i % BYTES_MAX;
	int client = socket(AF_INET, SOCK_STREAM, 0), server;
	uint64_t established_us;

	if (connect(client, (const struct sockaddr *)&l->address, sizeof(l->address)) < 0)
		err(1, "connect");
	established_us = now_us();
	server = accept(l->sock, NULL, NULL);
	if (server < 0)
		err(1, "accept");
	if (send(client, payload, bytes, 0) != (ssize_t)bytes ||
	    recv(server, payload, bytes, MSG_WAITALL) != (ssize_t)bytes)
		err(1, "send and receive");
	*ret_client = client;
	*ret_server = server;
	return established_us;
}

static void flow(const struct listener *l, uint64_t i, bool list)
{
	uint64_t started_us = now_us(), established_us, closing_us;
	int client, server;
	uint16_t port;

	established_us = flow_open(l, i, &client, &server);
	port = list ? local_port(client) : 0;
	closing_us = now_us();
	close(i % 2 ? client : server);
	close(i % 2 ? server : client);
	if (list)
		printf("{\"lport\":%u,\"rport\":%u,\"tx_bytes\":%ju,"
		       "\"min_us\":%ju,\"max_us\":%ju}\n",
		       port, ntohs(l->address.sin_port), 1 + i % BYTES_MAX,
		       closing_us - established_us, now_us() - started_us);
}

/* The flows from `i` on that are held at one time; returns how many. */
static uint64_t hold(const struct listener *listeners, uint64_t i, uint64_t flows)
{
	uint64_t held = flows - i < HELD ? flows - i : HELD;
	int clients[HELD], server;

	for (uint64_t n = 0; n < held; n++) {
		flow_open(&listeners[(i + n) % LISTENERS], i + n, &clients[n], &server);
		close(server);
	}
	usleep(HOLD_US);
	for (uint64_t n = 0; n < held; n++)
		close(clients[n]);
	return held;
}

/* Returns the bytes sent by the connecting sides. */
static uint64_t run(const char *address, uint64_t flows, bool list, bool held)
{
	struct listener listeners[LISTENERS] = {0};
	uint64_t sent_bytes = 0, made;
	uint16_t ports[LISTENERS];

	for (int i = 0; i < LISTENERS; i++) {
		listener_open(&listeners[i], address);
		ports[i] = local_port(listeners[i].sock);
	}
	for (uint64_t i = 0; i < flows; i += made) {
		made = 1;
		if (held)
			made = hold(listeners, i, flows);
		else
			flow(&listeners[i % LISTENERS], i, list);
	}
	wait_all_closed(ports, LISTENERS);
	for (uint64_t i = 0; i < flows; i++)
		sent_bytes += 1 + i % BYTES_MAX;
	return sent_bytes;
}

int main(int argc, char **argv)
{
	bool list = argc == 5 && !strcmp(argv[4], "--list");
	bool held = argc == 5 && !strcmp(argv[4], "--hold");
	uint64_t flows, processes, total = 0, sent_bytes, started_us = now_us();
	int result[2];

	if (argc != 4 && !list && !held)
		errx(2, "usage: churn ADDR FLOWS PROCESSES [--list | --hold]");
	flows = strtoull(argv[2], NULL, 10);
	processes = strtoull(argv[3], NULL, 10);
	if (pipe(result) < 0)
		err(1, "pipe");
	for (uint64_t p = 0; p < processes; p++) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sent_bytes = run(argv[1], flows / processes + (p < flows % processes), list, held);
		fflush(stdout);
		_exit(write(result[1], &sent_bytes, sizeof(sent_bytes)) != sizeof(sent_bytes));
	}
	close(result[1]);
	for (uint64_t p = 0; p < processes; p++) {
		if (read(result[0], &sent_bytes, sizeof(sent_bytes)) != sizeof(sent_bytes))
			errx(1, "a process failed");
		total += sent_bytes;
	}
	while (wait(NULL) > 0)
		continue;
	printf("{\"flows\":%ju,\"tx_bytes\":%ju,\"elapsed_us\":%ju}\n", flows, total,
	       now_us() - started_us);
	return 0;
}
