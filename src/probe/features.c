// SPDX-License-Identifier: BSD-2-Clause
#include "probe/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/event.h"
#include "probe/accept.h"
#include "tcp.skel.h"
#include "util/cgroup.h"

/* Load one program of ours, alone. */
static int try_program(const struct feature *feature)
{
	struct tcp *skeleton = tcp__open();
	struct bpf_program *p;
	int err;

	if (!skeleton)
		return -errno;
	bpf_object__for_each_program(p, skeleton->obj)
		bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), feature->program));
	err = tcp__load(skeleton);
	tcp__destroy(skeleton);
	return err;
}

static int try_btf(const struct feature *feature)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int err = (int)libbpf_get_error(btf);

	(void)feature;
	if (!err)
		btf__free(btf);
	return err;
}

static int try_fexit(const struct feature *feature)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int err;

	(void)feature;
	if (libbpf_get_error(btf))
		return -ENOENT;
	err = accept_try(btf);
	btf__free(btf);
	return err;
}

static int try_kprobes(const struct feature *feature)
{
	(void)feature;
	return access("/sys/bus/event_source/devices/kprobe/type", R_OK) ? -errno : 0;
}

/* Ask for the listeners of one family, as the netlink source does. */
static int try_sock_diag(const struct feature *feature)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} request = {
		.head = {.nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP,
			 .idiag_states = 1u << ST_LISTEN},
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), err = 0;
	char answer[32768];
	const struct nlmsghdr *head = (const void *)answer;

	(void)feature;
	if (fd < 0)
		return -errno;
	if (send(fd, &request, sizeof(request), 0) < 0 || recv(fd, answer, sizeof(answer), 0) < 0)
		err = -errno;
	else if (head->nlmsg_type == NLMSG_ERROR)
		err = ((const struct nlmsgerr *)(head + 1))->error;
	close(fd);
	return err;
}

static int try_notices(const struct feature *feature)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int group = SKNLGRP_INET_TCP_DESTROY, err = 0;
	struct sockaddr_nl own = {.nl_family = AF_NETLINK};

	(void)feature;
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		err = -errno;
	close(fd);
	return err;
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

/* May we look into any process that is not ours? Single ones may be hidden even from root. */
static int try_proc(const struct feature *feature)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	(void)feature;
	while (proc && (entry = readdir(proc))) {
		struct stat st;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    fstatat(dirfd(proc), entry->d_name, &st, 0) ||
		    (geteuid() != 0 && st.st_uid == geteuid()) || atoi(entry->d_name) == getpid())
			continue;
		err = may_look_into(entry->d_name) ? 0 : -EACCES;
		if (!err)
			break;
	}
	if (proc)
		closedir(proc);
	return err;
}

static int try_cgroup(const struct feature *feature)
{
	struct cgroup_names *names = cgroup_names_new();
	int err = cgroup_names_has_mount(names) ? 0 : -ENOENT;

	(void)feature;
	cgroup_names_free(names);
	return err;
}

/* With the action that app/syscall_filter.c takes; nothing is changed by asking. */
static int try_seccomp(const struct feature *feature)
{
	uint32_t action = SECCOMP_RET_TRAP;

	(void)feature;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) ? -errno : 0;
}

const struct feature features[] = {
	{"BTF", "field offsets of this kernel", "no BPF source", RUNG_BPF, true, try_btf, NULL},
	{"tp_btf/inet_sock_set_state", "every open and close, with owner, bytes and reason",
	 "no BPF source", RUNG_BPF, true, try_program, "on_state"},
	{"iter/bpf_sk_storage_map", "bytes of all live flows, once per interval", "no BPF source",
	 RUNG_BPF, true, try_program, "sample"},
	{"iter/task_file", "flows that are older than the tool; owners of accepted and handed-over sockets",
	 "no BPF source", RUNG_BPF, true, try_program, "scan_files"},
	{"iter/tcp", "older flows that no process holds", "no BPF source", RUNG_BPF, true, try_program,
	 "adopt_netns"},
	{"fexit/inet_csk_accept", "the worker that accepted, at once",
	 "it is found by the next scan of open files, or when it closes", RUNG_BPF, false, try_fexit,
	 NULL},
	{"cgroup v2", "names of the flows' cgroups, --cgroup", "cgroups have numbers only", RUNG_BPF,
	 false, try_cgroup, NULL},
	{"sock_diag", "all live flows with their bytes, once a second", "no source at all",
	 RUNG_NETLINK, true, try_sock_diag, NULL},
	{"sock_diag notices", "every close, with its last bytes",
	 "short flows are missed, and the last bytes of others", RUNG_NETLINK, false, try_notices, NULL},
	{"/proc/PID/fd of others", "owners of flows that live for a second",
	 "only your own processes are named", RUNG_NETLINK, false, try_proc, NULL},
	{"kprobe", "nothing: every hook that is used is a tracepoint or an iterator", "nothing",
	 RUNG_NONE, false, try_kprobes, NULL},
	{"tp_btf/sock_send_length", "stat: messages sent", "that column is not known", RUNG_ASKED, false,
	 try_program, "on_send"},
	{"tp_btf/sock_recv_length", "stat: messages received", "that column is not known", RUNG_ASKED,
	 false, try_program, "on_receive"},
	{"cgroup_skb/ingress", "stat: packets received", "that column is not known", RUNG_ASKED, false,
	 try_program, "on_packet_in"},
	{"cgroup_skb/egress", "stat: packets sent", "that column is not known", RUNG_ASKED, false,
	 try_program, "on_packet_out"},
	{"tp_btf/tcp_send_reset", "stat: resets sent", "that column is not known", RUNG_ASKED, false,
	 try_program, "on_reset"},
	{"tp_btf/timer_expire_entry", "stat: delayed acknowledgements", "that column is not known",
	 RUNG_ASKED, false, try_program, "on_timer_begin"},
	{"seccomp", "refuses all system calls but those that the command needs",
	 "user and capabilities are changed all the same", RUNG_SANDBOX, false, try_seccomp, NULL},
};
const size_t feature_count = sizeof(features) / sizeof(features[0]);

const char *rung_name(enum rung rung)
{
	static const char *const names[] = {"bpf", "netlink", "none", "asked", "sandbox"};

	_Static_assert(sizeof(names) / sizeof(names[0]) == RUNG_COUNT, "one name per rung");
	return names[rung];
}

const struct feature *rung_broken(enum rung rung, int *ret_err)
{
	for (size_t i = 0; i < feature_count; i++) {
		const struct feature *f = &features[i];
		int err = f->rung == rung && f->needed ? f->try(f) : 0;

		if (err) {
			*ret_err = err;
			return f;
		}
	}
	return NULL;
}

const char *features_lockdown(void)
{
	static char mode[32];
	char text[128] = "", *open_bracket, *close_bracket;
	int fd = open("/sys/kernel/security/lockdown", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
		close(fd);
	}
	open_bracket = strchr(text, '[');
	close_bracket = strchr(text, ']');
	if (!open_bracket || !close_bracket)
		return "";
	snprintf(mode, sizeof(mode), "%.*s", (int)(close_bracket - open_bracket - 1),
		 open_bracket + 1);
	return mode;
}

const char *features_reason(const struct feature *feature, int err)
{
	static char text[160];

	if (err == -EPERM || err == -EACCES) {
		if (feature->rung == RUNG_NETLINK)
			return "no privilege: run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH";
		if (geteuid() != 0)
			return "no privilege: run as root, or with CAP_BPF and CAP_PERFMON";
		if (feature->try == try_fexit && features_lockdown()[0])
			snprintf(text, sizeof(text), "refused to root; lockdown is '%s'",
				 features_lockdown());
		else
			snprintf(text, sizeof(text), "refused to root; a capability may be missing");
		return text;
	}
	/* The verifier met a helper, an instruction or a hook that it does not know. */
	if (feature->try == try_program && err == -EINVAL)
		return "the verifier refuses it: this kernel lacks something that it needs";
	if (feature->try == try_btf || err == -ENOENT)
		return "this kernel was built without it";
	return strerror(-err);
}
