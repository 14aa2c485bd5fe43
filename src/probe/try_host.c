// SPDX-License-Identifier: BSD-2-Clause
#include "probe/try_host.h"

#include <cap-ng.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/event.h"
#include "probe/handshake_filter.h"
#include "probe/rung.h"
#include "util/cgroup.h"

/* Of sock_diag: the first answer to a request about TCP over IPv4; 0 or -errno. */
static int ask_sock_diag(uint16_t type, uint16_t flags, uint32_t states)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} request = {
		.head = {.nlmsg_len = sizeof(request),
			 .nlmsg_type = type,
			 .nlmsg_flags = NLM_F_REQUEST | flags},
		.body = {.sdiag_family = AF_INET,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_states = states},
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), err = 0;
	char answer[32768];
	const struct nlmsghdr *head = (const void *)answer;

	if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0 ||
	    recv(fd, answer, sizeof(answer), 0) < 0)
		err = -errno;
	else if (head->nlmsg_type == NLMSG_ERROR)
		err = ((const struct nlmsgerr *)(head + 1))->error;
	if (fd >= 0)
		close(fd);
	return err;
}

void try_sock_diag(const struct rung *rung, struct refusal *ret)
{
	(void)rung;
	ret->err = ask_sock_diag(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, 1u << ST_LISTEN);
}

/* The kernel looks for the connection first, and asks for the privilege when it has found it. */
void try_destroy(const struct rung *rung, struct refusal *ret)
{
	(void)rung;
	ret->err = ask_sock_diag(SOCK_DESTROY, NLM_F_ACK, 0);
	if (ret->err != -ENOENT)
		return;
	capng_get_caps_process();
	ret->err = capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) ? 0 : -EPERM;
}

void try_notices(const struct rung *rung, struct refusal *ret)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int group = SKNLGRP_INET_TCP_DESTROY;
	struct sockaddr_nl own = {.nl_family = AF_NETLINK};

	(void)rung;
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		ret->err = -errno;
	if (fd >= 0)
		close(fd);
}

void try_tcp_info(const struct rung *rung, struct refusal *ret)
{
	/* Where the fields end; younger ones are not in the C library's header. */
	static const struct {
		const char *field;
		socklen_t end_bytes;
	} fields[] = {
		{"tcp_info.tcpi_dsack_dups", 220},
		{"tcp_info.tcpi_rcv_ooopack", 228},
		{"tcp_info.tcpi_total_rto", 248},
	};
	char info[1024];
	socklen_t len = sizeof(info);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len))
		ret->err = -errno;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && !ret->err; i++)
		if (!strcmp(rung->hook[0].where, fields[i].field) && len < fields[i].end_bytes)
			ret->err = -ENOENT;
	if (fd >= 0)
		close(fd);
}

static bool may_look_into(const char *pid)
{
	char path[300];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	if (dir)
		closedir(dir);
	return dir != NULL;
}

void try_proc(const struct rung *rung, struct refusal *ret)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	(void)rung;
	while (proc && (entry = readdir(proc))) {
		struct stat st;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    fstatat(dirfd(proc), entry->d_name, &st, 0) ||
		    (geteuid() != 0 && st.st_uid == geteuid()) || atoi(entry->d_name) == getpid())
			continue;
		ret->err = may_look_into(entry->d_name) ? 0 : -EACCES;
		if (!ret->err)
			break;
	}
	if (proc)
		closedir(proc);
}

void try_cgroup_mount(const struct rung *rung, struct refusal *ret)
{
	struct cgroup_names *names = cgroup_names_new();

	(void)rung;
	if (!cgroup_names_has_mount(names)) {
		ret->err = -ENOENT;
		snprintf(ret->detail, sizeof(ret->detail), "there is no mount of cgroup v2");
	}
	cgroup_names_free(names);
}

void try_packet_socket(const struct rung *rung, struct refusal *ret)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	(void)rung;
	if (fd < 0)
		ret->err = -errno;
	else
		close(fd);
}

void try_handshake_filter(const struct rung *rung, struct refusal *ret)
{
	(void)rung;
	ret->err = handshake_filter_try();
}

void try_seccomp(const struct rung *rung, struct refusal *ret)
{
	uint32_t action = SECCOMP_RET_TRAP;

	(void)rung;
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action))
		ret->err = -errno;
}
