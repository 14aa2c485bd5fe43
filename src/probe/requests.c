// SPDX-License-Identifier: BSD-2-Clause
#include "probe/requests.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tcp.skel.h"
#include "util/cgroup.h"
#include "util/log.h"

static int open_root_cgroup(void)
{
	struct cgroup_names *names = cgroup_names_new();
	const char *mount = cgroup_names_mount(names);
	int fd = mount ? open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	cgroup_names_free(names);
	return fd;
}

static bool has_tracepoint(const struct btf *btf, const char *name)
{
	char type[64];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
}

/* Needs CAP_NET_ADMIN and a helper that is not there before Linux 5.15: so load it alone. */
static bool may_follow_syns(void)
{
	struct tcp *alone = tcp__open();
	int fd = open_root_cgroup(), err = -1;
	struct bpf_program *p;

	if (alone && fd >= 0) {
		bpf_object__for_each_program(p, alone->obj)
			bpf_program__set_autoload(p, p == alone->progs.on_request);
		err = tcp__load(alone);
	}
	tcp__destroy(alone);
	if (fd >= 0)
		close(fd);
	return !err;
}

void requests_choose(struct tcp *skeleton, uint64_t limit)
{
	struct btf *kernel = btf__load_vmlinux_btf();

	/* Without BTF nothing loads at all, which is said elsewhere. */
	if (libbpf_get_error(kernel))
		return;
	skeleton->rodata->want_handshakes = 1;
	bpf_map__set_max_entries(skeleton->maps.requests, (__u32)limit);
	bpf_program__set_autoload(skeleton->progs.sample_listeners, true);
	bpf_program__set_autoload(skeleton->progs.on_reset_received,
				  has_tracepoint(kernel, "tcp_receive_reset"));
	bpf_program__set_autoload(skeleton->progs.on_synack,
				  has_tracepoint(kernel, "tcp_retransmit_synack"));
	bpf_program__set_autoload(skeleton->progs.on_drop, has_tracepoint(kernel, "kfree_skb"));
	btf__free(kernel);
	if (may_follow_syns())
		bpf_program__set_autoload(skeleton->progs.on_request, true);
	else
		log_warn(
			"requests are followed only from their first SYN/ACK that is sent again: the "
			"program that sees SYNs needs CAP_NET_ADMIN, cgroup v2 and Linux 5.15");
}

int requests_attach(struct tcp *skeleton)
{
	union bpf_iter_link_info info = {.map.map_fd =
						 (__u32)bpf_map__fd(skeleton->maps.listeners)};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));
	int fd;

	skeleton->links.sample_listeners =
		bpf_program__attach_iter(skeleton->progs.sample_listeners, &opts);
	if (!skeleton->links.sample_listeners)
		return -errno;
	if (!bpf_program__autoload(skeleton->progs.on_request))
		return 0;
	fd = open_root_cgroup();
	if (fd < 0)
		return -errno;
	skeleton->links.on_request = bpf_program__attach_cgroup(skeleton->progs.on_request, fd);
	close(fd);
	return skeleton->links.on_request ? 0 : -errno;
}
