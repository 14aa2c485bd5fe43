// SPDX-License-Identifier: BSD-2-Clause
#include "source/netlink_net.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "source/netlink_diag.h"
#include "util/log.h"

/* Notices taken before others get their turn. */
#define NOTICES_MAX 4096

/* Requests, and answers: a dump comes in parts of at most 32 KiB. */
static char buffer[DIAG_REQUEST_BYTES];

struct visitor {
	struct diag_net *net;
	diag_visit *visit;
	void *context;
};

static int take_message(const struct nlmsghdr *message, void *data)
{
	const struct visitor *v = data;
	struct diag d;

	if (diag_parse(message, &d))
		v->visit(v->context, v->net, &d);
	return MNL_CB_OK;
}

static void open_notices(struct diag_net *net, size_t room_bytes)
{
	int groups[] = {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY};
	int room = (int)room_bytes;
	int fd;

	net->notices = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!net->notices)
		return;
	fd = mnl_socket_get_fd(net->notices);
	/* The first needs a privilege, the second stays within the machine's limit. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (!mnl_socket_bind(net->notices, 0, MNL_SOCKET_AUTOPID) &&
	    !mnl_socket_setsockopt(net->notices, NETLINK_ADD_MEMBERSHIP, &groups[0], sizeof(int)) &&
	    !mnl_socket_setsockopt(net->notices, NETLINK_ADD_MEMBERSHIP, &groups[1], sizeof(int)))
		return;
	log_debug("no notices of closed sockets: %s", strerror(errno));
	mnl_socket_close(net->notices);
	net->notices = NULL;
}

int net_open(struct diag_net *net, size_t room_bytes)
{
	struct stat st = {0};

	*net = (struct diag_net){0};
	net->questions = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (!net->questions || mnl_socket_bind(net->questions, 0, MNL_SOCKET_AUTOPID))
		return log_errno(errno, "cannot open a netlink socket");
	open_notices(net, room_bytes);
	if (!stat("/proc/self/ns/net", &st))
		net->inode = (uint32_t)st.st_ino;
	return 0;
}

void net_close(struct diag_net *net)
{
	if (net->questions)
		mnl_socket_close(net->questions);
	if (net->notices)
		mnl_socket_close(net->notices);
}

static int send_request(struct diag_net *net, struct nlmsghdr *request)
{
	request->nlmsg_seq = 0;
	return mnl_socket_sendto(net->questions, request, request->nlmsg_len) < 0 ? -errno : 0;
}

/* One part of an answer. Returns what mnl_cb_run() does, or -errno. */
static int take_answer(struct diag_net *net, struct visitor *visitor)
{
	ssize_t len;
	int result;

	do
		len = mnl_socket_recvfrom(net->questions, buffer, sizeof(buffer));
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	result = mnl_cb_run(buffer, (size_t)len, 0, mnl_socket_get_portid(net->questions),
			    take_message, visitor);
	return result < 0 ? -errno : result;
}

int net_dump(struct diag_net *net, const struct diag_query *query, diag_visit *visit, void *context)
{
	struct visitor visitor = {net, visit, context};
	int result = send_request(net, diag_request_dump(buffer, query));

	if (!result)
		do
			result = take_answer(net, &visitor);
		while (result > MNL_CB_STOP);
	if (result == -ENOENT)
		log_error("the kernel lists no TCP sockets: it needs inet_diag and tcp_diag");
	else if (result < 0)
		log_errno(result, "cannot list the TCP sockets (sock_diag)");
	return result < 0 ? result : 0;
}

void net_note_listener(struct diag_net *net, uint16_t port)
{
	net->listening[port / 8] |= (uint8_t)(1u << (port % 8));
}

void net_forget_listeners(struct diag_net *net)
{
	memset(net->listening, 0, sizeof(net->listening));
}

bool net_listens(const struct diag_net *net, uint16_t port)
{
	return net->listening[port / 8] >> (port % 8) & 1;
}

static void note_state(void *context, struct diag_net *net, const struct diag *d)
{
	uint8_t *state = context;

	(void)net;
	*state = d->state;
}

uint8_t net_state_of_tuple(struct diag_net *net, const struct diag *d)
{
	uint8_t state = 0;
	struct visitor visitor = {net, note_state, &state};

	/* The kernel answers with one message, or with ENOENT. */
	if (!send_request(net, diag_request_tuple(buffer, d)))
		take_answer(net, &visitor);
	return state;
}

int net_take_notices(struct diag_net *net, diag_visit *visit, void *context)
{
	/* Not `buffer`: the visitor may ask a question. */
	static char notice[8192];
	struct visitor visitor = {net, visit, context};
	int count = 0;

	while (net->notices && count < NOTICES_MAX) {
		ssize_t len = mnl_socket_recvfrom(net->notices, notice, sizeof(notice));

		if (len < 0 && errno == EAGAIN)
			break;
		/* ENOBUFS: there was no room; net_take_overruns() says for how many. */
		if (len < 0 && errno != ENOBUFS && errno != EINTR)
			return log_errno(errno, "cannot read notices of closed sockets");
		if (len < 0)
			continue;
		mnl_cb_run(notice, (size_t)len, 0, 0, take_message, &visitor);
		count++;
	}
	return count;
}

void net_stop_notices(struct diag_net *net)
{
	int groups[] = {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY};

	for (size_t i = 0; i < 2 && net->notices; i++)
		mnl_socket_setsockopt(net->notices, NETLINK_DROP_MEMBERSHIP, &groups[i],
				      sizeof(int));
}

uint64_t net_take_overruns(struct diag_net *net)
{
	uint32_t memory[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(memory);
	uint64_t fresh;

	if (!net->notices ||
	    getsockopt(mnl_socket_get_fd(net->notices), SOL_SOCKET, SO_MEMINFO, memory, &len))
		return 0;
	fresh = memory[SK_MEMINFO_DROPS] - net->overruns;
	net->overruns += fresh;
	return fresh;
}
