// SPDX-License-Identifier: BSD-2-Clause
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe/rung.h"
#include "probe/try.h"
#include "tcp.skel.h"

#define PMU "/sys/bus/event_source/devices/kprobe/"

/* The number that stands in a file of sysfs after its last colon, if it has one; -1: none. */
static int read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	char text[64] = "", *colon, *end;
	long number;

	if (!f || !fgets(text, sizeof(text), f))
		text[0] = '\0';
	if (f)
		fclose(f);
	colon = strrchr(text, ':');
	number = strtol(colon ? colon + 1 : text, &end, 10);
	return *text && end != text ? (int)number : -1;
}

/*
 * perf's own kprobes, which end with the descriptor: those of tracefs would outlive us if we were
 * killed, so a kernel that has only them counts as one without. perf_event_open(2), dynamic PMUs.
 */
static int open_return_of(const char *function)
{
	int type = read_number(PMU "type"), bit = read_number(PMU "format/retprobe");
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.config1 = (__u64)(unsigned long)function,
	};
	long fd;

	if (type < 0 || bit < 0)
		return -ENOENT;
	attr.type = (__u32)type;
	attr.config = 1ull << bit;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

/* Attach a program that does nothing, for a moment. */
static int attach_to_return_of(const char *function)
{
	static const struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K},
					       {.code = BPF_JMP | BPF_EXIT}};
	int event = open_return_of(function), program, err = 0;

	if (event < 0)
		return event;
	program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "try", "GPL", code, 2, NULL);
	if (program < 0 || ioctl(event, PERF_EVENT_IOC_SET_BPF, program))
		err = -errno;
	if (program >= 0)
		close(program);
	close(event);
	return err;
}

void try_kretprobe(const struct rung *rung, struct refusal *ret)
{
	ret->err = attach_to_return_of(strchr(rung->hook[0].where, '/') + 1);
	if (!ret->err)
		try_programs(rung, ret);
}

void take_acceptors(struct tcp *skeleton)
{
	skeleton->rodata->want_acceptors = 1;
	bpf_map__set_autocreate(skeleton->maps.acceptors, true);
}
