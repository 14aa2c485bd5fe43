// SPDX-License-Identifier: BSD-2-Clause
#include "screen/killer.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "util/log.h"
#include "util/xalloc.h"

#define NOBODY 65534

struct killer {
	int fd;
	pid_t pid;
	uint32_t netns; /* inode of ours */
};

/* What crosses to the child; it answers with an errno. */
struct order {
	uint64_t cookie;
	struct addr laddr, raddr;
	uint32_t ifindex;
	uint16_t lport, rport; /* network order */
	uint8_t family;	       /* of the socket: 4 or 6 */
	uint8_t pad[3];
};

struct request {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

static void set_address(const struct order *o, const struct addr *a, __be32 to[4])
{
	if (o->family == 4)
		to[0] = a->word_be[3];
	else
		memcpy(to, a->byte, sizeof(a->byte));
}

static int destroy(int netlink, const struct order *o)
{
	struct request r = {
		.head = {.nlmsg_len = sizeof(r),
			 .nlmsg_type = SOCK_DESTROY,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.body = {.sdiag_family = o->family == 4 ? AF_INET : AF_INET6,
			 .sdiag_protocol = IPPROTO_TCP},
	};
	char answer[4096];
	const struct nlmsgerr *error;
	ssize_t n;

	r.body.id.idiag_sport = o->lport;
	r.body.id.idiag_dport = o->rport;
	r.body.id.idiag_if = o->ifindex;
	r.body.id.idiag_cookie[0] = (uint32_t)o->cookie;
	r.body.id.idiag_cookie[1] = (uint32_t)(o->cookie >> 32);
	set_address(o, &o->laddr, r.body.id.idiag_src);
	set_address(o, &o->raddr, r.body.id.idiag_dst);
	if (send(netlink, &r, sizeof(r), 0) < 0)
		return errno;
	do
		n = recv(netlink, answer, sizeof(answer), 0);
	while (n < 0 && errno == EINTR);
	if (n < (ssize_t)(NLMSG_HDRLEN + sizeof(*error)))
		return n < 0 ? errno : EPROTO;
	error = NLMSG_DATA((struct nlmsghdr *)(void *)answer);
	return -error->error;
}

/* CAP_NET_ADMIN alone, nobody's rights otherwise, and five system calls. */
static int shut_in(void)
{
	static const int calls[] = {
		SCMP_SYS(read),		 SCMP_SYS(write),	 SCMP_SYS(send),
		SCMP_SYS(sendto),	 SCMP_SYS(recv),	 SCMP_SYS(recvfrom),
		SCMP_SYS(exit_group),	 SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
		SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
		SCMP_SYS(getpid)};
	scmp_filter_ctx filter;
	int err = 0;

	capng_clear(CAPNG_SELECT_BOTH);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
	if (geteuid() ? capng_apply(CAPNG_SELECT_CAPS)
		      : capng_change_id(NOBODY, NOBODY, CAPNG_DROP_SUPP_GRP))
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	for (size_t i = 0; filter && i < sizeof(calls) / sizeof(calls[0]) && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	err = filter && !err ? seccomp_load(filter) : -1;
	seccomp_release(filter);
	return err;
}

static void note(const struct order *o, int error, uid_t uid)
{
	syslog(LOG_NOTICE, "%s the connection with cookie %llu, ports %u and %u, for uid %u",
	       error ? "did not close" : "closed", (unsigned long long)o->cookie, ntohs(o->lport),
	       ntohs(o->rport), (unsigned)uid);
}

/* What the one who draws has open is none of its business. */
static void close_others(int fd, int other)
{
	unsigned low = (unsigned)(fd < other ? fd : other),
		 high = (unsigned)(fd < other ? other : fd);

	if (low > 3)
		close_range(3, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0u, 0);
	openlog("tcpsight", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

static _Noreturn void serve(int fd, int netlink, uid_t uid)
{
	struct order o;

	close_others(fd, netlink);

	/* The terminal's keys are for the one who draws. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	if (shut_in())
		_exit(1);
	while (read(fd, &o, sizeof(o)) == sizeof(o)) {
		int error = destroy(netlink, &o);

		note(&o, error, uid);
		if (write(fd, &error, sizeof(error)) != sizeof(error))
			break;
	}
	_exit(0);
}

static uid_t asker(void)
{
	const char *sudo = getenv("SUDO_UID");

	return sudo && *sudo ? (uid_t)strtoul(sudo, NULL, 10) : getuid();
}

int killer_start(struct killer **ret)
{
	struct killer *k;
	struct stat st = {0};
	int pair[2], netlink;

	capng_get_caps_process();
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN)) {
		log_error(
			"--allow-kill: closing connections takes CAP_NET_ADMIN, which is missing");
		return -EPERM;
	}
	netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (netlink < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return log_errno(errno, "--allow-kill");
	stat("/proc/self/ns/net", &st);
	k = xcalloc(1, sizeof(*k));
	k->netns = (uint32_t)st.st_ino;
	k->fd = pair[0];
	k->pid = fork();
	if (!k->pid) {
		close(pair[0]);
		serve(pair[1], netlink, asker());
	}
	close(pair[1]);
	close(netlink);
	*ret = k;
	return k->pid < 0 ? log_errno(errno, "--allow-kill") : 0;
}

void killer_stop(struct killer *k)
{
	if (!k)
		return;
	/* It reads the end of its orders, and ends; who waits for it is whoever started us. */
	close(k->fd);
	free(k);
}

int killer_kill(struct killer *k, uint64_t cookie, const struct ev_ident *id)
{
	struct order o = {.cookie = cookie,
			  .laddr = id->laddr,
			  .raddr = id->raddr,
			  .ifindex = id->ifindex,
			  .lport = htons(id->lport),
			  .rport = htons(id->rport),
			  .family = id->family};
	int error;

	if (k->netns && id->netns != k->netns)
		return -EXDEV;
	if (write(k->fd, &o, sizeof(o)) != sizeof(o) ||
	    read(k->fd, &error, sizeof(error)) != sizeof(error))
		return -EPIPE;
	return -error;
}
