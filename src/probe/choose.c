// SPDX-License-Identifier: BSD-2-Clause
#include "probe/choose.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/column.h"
#include "tcp.skel.h"
#include "util/cgroup.h"
#include "util/log.h"

#define KALLSYMS_LINE 256

/* A tracepoint that BPF can attach to has a type of this name in the kernel's BTF. */
static bool has_tracepoint(const struct btf *btf, const char *name)
{
	char type[64];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
}

/* Where a function of the kernel lies; 0 if it may not be known. */
static uint64_t address_of(const char *function)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[KALLSYMS_LINE], name[KALLSYMS_LINE];
	unsigned long long address = 0;

	while (f && fgets(line, sizeof(line), f)) {
		/* Most lines are told apart without parsing. */
		if (!strstr(line, function))
			continue;
		if (sscanf(line, "%llx %*c %255s", &address, name) == 2 && !strcmp(name, function))
			break;
		address = 0;
	}
	if (f)
		fclose(f);
	return address;
}

/* The length of a jiffy, which no header tells, is the resolution of the coarse clock. */
static unsigned jiffies_hz(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || !tick.tv_nsec)
		return 250;
	return (unsigned)((1000000000 + tick.tv_nsec / 2) / tick.tv_nsec);
}

static int open_root_cgroup(void)
{
	struct cgroup_names *names = cgroup_names_new();
	const char *mount = cgroup_names_mount(names);
	int fd = mount ? open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	cgroup_names_free(names);
	return fd;
}

static bool give_calls(struct tcp *skeleton, const struct btf *btf)
{
	if (!has_tracepoint(btf, "sock_send_length") || !has_tracepoint(btf, "sock_recv_length"))
		return false;
	bpf_program__set_autoload(skeleton->progs.on_send, true);
	bpf_program__set_autoload(skeleton->progs.on_receive, true);
	return true;
}

static bool give_packets(struct tcp *skeleton, const struct btf *btf)
{
	int fd = open_root_cgroup();

	(void)btf;
	if (fd < 0)
		return false;
	close(fd);
	bpf_program__set_autoload(skeleton->progs.on_packet_in, true);
	bpf_program__set_autoload(skeleton->progs.on_packet_out, true);
	return true;
}

static bool give_resets(struct tcp *skeleton, const struct btf *btf)
{
	if (!has_tracepoint(btf, "tcp_send_reset"))
		return false;
	bpf_program__set_autoload(skeleton->progs.on_reset, true);
	return true;
}

static bool give_delacks(struct tcp *skeleton, const struct btf *btf)
{
	uint64_t address = address_of("tcp_delack_timer");

	if (!address || !has_tracepoint(btf, "timer_expire_entry"))
		return false;
	skeleton->rodata->delack_timer = address;
	skeleton->rodata->want_delacks = 1;
	bpf_program__set_autoload(skeleton->progs.on_timer_begin, true);
	bpf_program__set_autoload(skeleton->progs.on_timer_end, true);
	return true;
}

static bool has_field(const struct btf *btf, const char *structure, const char *name)
{
	int id = btf__find_by_name_kind(btf, structure, BTF_KIND_STRUCT);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (unsigned)id) : NULL;

	for (unsigned i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return true;
	return false;
}

/* Nothing to load for these: the fields are there or not. */
static bool give_rto(struct tcp *skeleton, const struct btf *btf)
{
	(void)skeleton;
	return has_field(btf, "tcp_sock", "total_rto");
}

static bool give_ooo(struct tcp *skeleton, const struct btf *btf)
{
	(void)skeleton;
	return has_field(btf, "tcp_sock", "rcv_ooopack");
}

static const struct {
	enum column_need need;
	bool (*give)(struct tcp *skeleton, const struct btf *btf);
	const char *what, *why;
} offers[] = {
	{NEED_CALLS, give_calls, "messages_sent and messages_received",
	 "this kernel has no tracepoints sock_send_length and sock_recv_length (Linux 6.3)"},
	{NEED_PACKETS, give_packets, "in_receives and out_requests", "there is no cgroup v2 mount"},
	{NEED_RESETS, give_resets, "out_rsts", "this kernel has no tracepoint tcp_send_reset"},
	{NEED_DELACKS, give_delacks, "delayed_acks",
	 "the address of tcp_delack_timer in /proc/kallsyms is hidden"},
	{NEED_OOO, give_ooo, "ooo_packets", "this kernel does not count them (Linux 5.4)"},
	{NEED_RTO, give_rto, "rto_total and rto_time_ms",
	 "this kernel does not count them (Linux 6.7)"},
};

unsigned probe_choose(struct tcp *skeleton, unsigned needs)
{
	struct btf *btf = NULL;
	unsigned lacks = 0;

	skeleton->rodata->want_extra = (needs & NEED_EXTRA) != 0;
	skeleton->rodata->want_tallies = (needs & (NEED_CALLS | NEED_PACKETS)) != 0;
	skeleton->rodata->jiffies_hz = jiffies_hz();
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		if (!(needs & offers[i].need))
			continue;
		if (!btf)
			btf = btf__load_vmlinux_btf();
		/* Without BTF nothing loads at all, which is said elsewhere. */
		if (libbpf_get_error(btf))
			return 0;
		if (offers[i].give(skeleton, btf))
			continue;
		lacks |= offers[i].need;
		log_warn("no %s: %s", offers[i].what, offers[i].why);
	}
	btf__free(btf);
	return lacks;
}

int probe_attach_packets(struct tcp *skeleton, unsigned needs)
{
	int fd;

	if (!(needs & NEED_PACKETS))
		return 0;
	fd = open_root_cgroup();
	if (fd < 0)
		return -errno;
	skeleton->links.on_packet_in = bpf_program__attach_cgroup(skeleton->progs.on_packet_in, fd);
	skeleton->links.on_packet_out = bpf_program__attach_cgroup(skeleton->progs.on_packet_out, fd);
	close(fd);
	return skeleton->links.on_packet_in && skeleton->links.on_packet_out ? 0 : -errno;
}
