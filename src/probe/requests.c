// SPDX-License-Identifier: BSD-2-Clause
#include "probe/requests.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <unistd.h>

#include "probe/try.h"
#include "tcp.skel.h"
#include "util/log.h"

void requests_choose(struct tcp *skeleton, uint64_t limit)
{
	skeleton->rodata->want_handshakes = 1;
	bpf_map__set_max_entries(skeleton->maps.requests, (__u32)limit);
	if (!bpf_program__autoload(skeleton->progs.on_request))
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

	if (bpf_program__autoload(skeleton->progs.sample_listeners)) {
		skeleton->links.sample_listeners =
			bpf_program__attach_iter(skeleton->progs.sample_listeners, &opts);
		if (!skeleton->links.sample_listeners)
			return -errno;
	}
	if (!bpf_program__autoload(skeleton->progs.on_request))
		return 0;
	fd = try_open_root_cgroup();
	if (fd < 0)
		return fd;
	skeleton->links.on_request = bpf_program__attach_cgroup(skeleton->progs.on_request, fd);
	close(fd);
	return skeleton->links.on_request ? 0 : -errno;
}
