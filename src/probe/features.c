// SPDX-License-Identifier: BSD-2-Clause
#include "probe/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* The shortest trampoline program there is: "return 0" at the exit of accept. */
static int try_fexit(const struct feature *feature)
{
	struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FEXIT);
	struct btf *btf = btf__load_vmlinux_btf();
	int id, fd;

	(void)feature;
	if (libbpf_get_error(btf))
		return -ENOENT;
	id = btf__find_by_name_kind(btf, "inet_csk_accept", BTF_KIND_FUNC);
	btf__free(btf);
	if (id < 0)
		return -ENOENT;
	opts.attach_btf_id = (__u32)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "try", "GPL", code, 2, &opts);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int try_kprobes(const struct feature *feature)
{
	(void)feature;
	return access("/sys/bus/event_source/devices/kprobe/type", R_OK) ? -errno : 0;
}

static int try_sock_diag(const struct feature *feature)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	(void)feature;
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int try_cgroup(const struct feature *feature)
{
	struct cgroup_names *names = cgroup_names_new();
	int err = cgroup_names_has_mount(names) ? 0 : -ENOENT;

	(void)feature;
	cgroup_names_free(names);
	return err;
}

const struct feature features[] = {
	{"BTF", "field offsets of this kernel", "no BPF source: neither exact nor complete", true,
	 try_btf, NULL},
	{"tp_btf/inet_sock_set_state", "every open and close, with owner, bytes and reason",
	 "short flows are missed, and why a flow ended is not known", true, try_program, "on_state"},
	{"iter/bpf_sk_storage_map", "bytes of all live flows, once per interval",
	 "top sees a flow only when it closes", true, try_program, "sample"},
	{"iter/task_file", "flows that are older than the tool; owners of accepted and handed-over sockets",
	 "older flows are missing until they close; owners are who connected or listened", true,
	 try_program, "scan_files"},
	{"iter/tcp", "older flows that no process holds", "they show when they close", true,
	 try_program, "adopt_netns"},
	{"cgroup v2", "names of the flows' cgroups, --cgroup", "cgroups have numbers only", true,
	 try_cgroup, NULL},
	{"fexit", "the worker that accepted, at once",
	 "it is found by the next scan of open files, or when it closes", false, try_fexit, NULL},
	{"kprobe", "nothing: every hook that is used is a tracepoint or an iterator", "nothing", false,
	 try_kprobes, NULL},
	{"netlink sock_diag", "a look at live sockets without BPF", "no source below BPF", false,
	 try_sock_diag, NULL},
};
const size_t feature_count = sizeof(features) / sizeof(features[0]);

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
		if (geteuid() != 0)
			return "no privilege: run as root, or with CAP_BPF and CAP_PERFMON";
		if (feature->try == try_fexit && features_lockdown()[0])
			snprintf(text, sizeof(text), "refused to root; lockdown is '%s'",
				 features_lockdown());
		else
			snprintf(text, sizeof(text), "refused to root; a capability may be missing");
		return text;
	}
	if (feature->try == try_btf || err == -ENOENT)
		return "this kernel was built without it";
	return strerror(-err);
}
