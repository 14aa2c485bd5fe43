/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small steps with sockets, for traffic.c alone.
 */
#pragma once
#include <arpa/inet.h>
#include <err.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Returns the length. An IPv4 address is meant for AF_INET, a v4-mapped one for AF_INET6. */
static inline socklen_t sock_parse(const char *text, uint64_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	v4->sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		errx(2, "no address: %s", text);
	v6->sin6_family = AF_INET6;
	return sizeof(*v6);
}

static inline int sock_bound(const char *text, uint64_t port)
{
	static const int one = 1;
	struct sockaddr_storage address;
	socklen_t size = sock_parse(text, port, &address);
	int sock = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(sock, (struct sockaddr *)&address, size) < 0)
		err(1, "bind %s %u", text, (unsigned int)port);
	return sock;
}

static inline uint64_t sock_unread_bytes(int sock)
{
	int waiting = 0;

	if (ioctl(sock, SIOCINQ, &waiting) < 0)
		err(1, "SIOCINQ");
	return (uint64_t)waiting;
}

/* Wait until the peer or the network has ended the flow; returns how the kernel calls it. */
static inline int sock_wait_for_error(int sock)
{
	struct pollfd broken = {.fd = sock};
	int error = 0;
	socklen_t size = sizeof(error);

	if (poll(&broken, 1, 30000) != 1)
		errx(1, "the flow did not break");
	getsockopt(sock, SOL_SOCKET, SO_ERROR, &error, &size);
	return error;
}

/* Make the coming close() a reset. */
static inline void sock_linger_none(int sock)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	setsockopt(sock, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}
