// SPDX-License-Identifier: BSD-2-Clause
#include "serve/peer_uid.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

int peer_uid_open(void)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);

	/* Connected: nobody but the kernel can answer, and write() is all that is needed. */
	if (fd < 0 || !connect(fd, (const void *)&kernel, sizeof(kernel)))
		return fd < 0 ? -errno : fd;
	close(fd);
	return -errno;
}

static int put_end(const struct sockaddr *from, __be16 *port, __be32 address[4])
{
	const struct sockaddr_in6 *v6 = (const void *)from;
	const struct sockaddr_in *v4 = (const void *)from;

	if (from->sa_family == AF_INET) {
		*port = v4->sin_port;
		address[0] = v4->sin_addr.s_addr;
		return 0;
	}
	if (from->sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	*port = v6->sin6_port;
	memcpy(address, &v6->sin6_addr, 16);
	return 0;
}

int peer_uid_ask(int diag, const struct sockaddr *peer, const struct sockaddr *local, uid_t *ret)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 want;
	} ask = {
		.head = {.nlmsg_len = sizeof(ask),
			 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST},
		.want = {.sdiag_family = (__u8)peer->sa_family,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_states = ~0u,
			 .id.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}},
	};
	union {
		struct nlmsghdr head;
		char bytes[4096];
	} answer;
	const struct inet_diag_msg *is = NLMSG_DATA(&answer.head);
	struct inet_diag_sockid *id = &ask.want.id;
	ssize_t n;

	if (peer->sa_family != local->sa_family || put_end(peer, &id->idiag_sport, id->idiag_src) ||
	    put_end(local, &id->idiag_dport, id->idiag_dst))
		return -EAFNOSUPPORT;
	if (write(diag, &ask, sizeof(ask)) < 0)
		return -errno;
	/* The kernel has answered when write() returns. */
	n = read(diag, &answer, sizeof(answer));
	if (n < 0)
		return -errno;
	if ((size_t)n < NLMSG_LENGTH(sizeof(*is)) || answer.head.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return -ENOENT;
	/* What is left of a socket that its process has closed is told as root's. */
	if (!is->idiag_inode)
		return -ENOENT;
	*ret = is->idiag_uid;
	return 0;
}
