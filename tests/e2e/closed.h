/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the kernel is done with connections that were closed.
 *
 * close() returns when the FIN has been sent. Its ACK, which takes the side that closed last out of
 * LAST_ACK, comes within close() as a rule, but on the time of ksoftirqd where that one has work:
 * who looks at once after close() may find the connection there still.
 */
#pragma once
#include <err.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Two seconds at most: where a test has cut the path, no ACK comes. */
enum { CLOSED_PAUSE_US = 1000, CLOSED_TRIES = 2000 };

/* Is the ACK of its FIN what a socket in this state waits for? See include/net/tcp_states.h. */
static inline bool is_closing(unsigned state)
{
	enum { FIN_WAIT1 = 4, LAST_ACK = 9, CLOSING = 11 };

	return state == FIN_WAIT1 || state == LAST_ACK || state == CLOSING;
}

/* Returns the family by which the kernel finds sockets of either one. */
static inline uint8_t closed_half(const struct sockaddr_in6 *end, __be16 *port, __be32 address[4])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)end;

	*port = end->sin6_port;
	if (end->sin6_family == AF_INET)
		memcpy(address, &v4->sin_addr, 4);
	else if (IN6_IS_ADDR_V4MAPPED(&end->sin6_addr))
		memcpy(address, &end->sin6_addr.s6_addr[12], 4);
	else
		memcpy(address, &end->sin6_addr, 16);
	return end->sin6_family == AF_INET || IN6_IS_ADDR_V4MAPPED(&end->sin6_addr) ? AF_INET
										   : AF_INET6;
}

/* Of the network namespace that `diag`, a netlink socket, was opened in. */
static inline bool is_one_closing(int diag, const struct sockaddr_in6 *local,
				  const struct sockaddr_in6 *remote)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} ask = {.head = {.nlmsg_len = sizeof(ask),
			  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST},
		 .body = {.sdiag_protocol = IPPROTO_TCP,
			  .idiag_states = ~0u,
			  .id.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}};
	struct {
		struct nlmsghdr head;
		union {
			struct inet_diag_msg body;
			int error;
		};
		char more[1024];
	} told;

	closed_half(remote, &ask.body.id.idiag_dport, ask.body.id.idiag_dst);
	ask.body.sdiag_family =
		closed_half(local, &ask.body.id.idiag_sport, ask.body.id.idiag_src);
	if (send(diag, &ask, sizeof(ask), 0) < 0 || recv(diag, &told, sizeof(told), 0) < 0)
		err(1, "sock_diag");
	if (told.head.nlmsg_type == SOCK_DIAG_BY_FAMILY)
		return is_closing(told.body.idiag_state);
	if (told.head.nlmsg_type != NLMSG_ERROR || told.error != -ENOENT)
		errx(1, "sock_diag: type %d, error %d", told.head.nlmsg_type, told.error);
	return false;
}

/* Both ends of a connection, as far as they are in this network namespace. */
static inline void wait_one_closed(const struct sockaddr_in6 *one, const struct sockaddr_in6 *other)
{
	int diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (diag < 0)
		err(1, "netlink");
	for (int i = 0; i < CLOSED_TRIES && (is_one_closing(diag, one, other) ||
					     is_one_closing(diag, other, one)); i++)
		usleep(CLOSED_PAUSE_US);
	close(diag);
}

static inline bool is_any_closing(const uint16_t *ports, size_t count)
{
	FILE *file = fopen("/proc/self/net/tcp", "re");
	unsigned local, remote, state;
	bool found = false;
	char line[512];

	if (!file)
		err(1, "/proc/self/net/tcp");
	while (!found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*u: %*[^:]:%x %*[^:]:%x %x", &local, &remote, &state) != 3 ||
		    !is_closing(state))
			continue;
		for (size_t i = 0; i < count; i++)
			found |= ports[i] == local || ports[i] == remote;
	}
	fclose(file);
	return found;
}

/*
 * All IPv4 connections of this network namespace with one of these ports, in host order. It takes
 * some 10 ms where the kernel's table of connections is large.
 */
static inline void wait_all_closed(const uint16_t *ports, size_t count)
{
	for (int i = 0; i < CLOSED_TRIES && is_any_closing(ports, count); i++)
		usleep(CLOSED_PAUSE_US);
}
