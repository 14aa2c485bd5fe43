// SPDX-License-Identifier: BSD-2-Clause
#include "probe/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "abi/config.h"
#include "engine/column.h"
#include "engine/source.h"
#include "engine/watch.h"
#include "probe/choose.h"
#include "probe/kernel.h"
#include "probe/ladder.h"
#include "probe/reason.h"
#include "probe/programs.h"
#include "probe/requests.h"
#include "tcp.skel.h"
#include "util/heap.h"
#include "util/log.h"

#define DOCTOR "\"tcpsight doctor\" tells what is missing"

__attribute__((format(printf, 2, 0))) static int print_libbpf(enum libbpf_print_level level,
							      const char *format, va_list args)
{
	if (!log_is_verbose() && level != LIBBPF_DEBUG)
		return 0;
	return log_is_verbose() && level != LIBBPF_DEBUG ? vfprintf(stderr, format, args) : 0;
}

static uint32_t ring_size(uint64_t bytes)
{
	uint32_t size = (uint32_t)sysconf(_SC_PAGESIZE);

	if (!bytes)
		return RING_BYTES_DEFAULT;
	while (size < bytes && size < 1u << 30)
		size *= 2;
	return size;
}

/* Before 5.11 BPF memory counts against RLIMIT_MEMLOCK. Failure shows itself at load. */
static void raise_memlock(void)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

/* Loading all at once failed: find the rung that is to blame, and say why. */
static int explain(int err, const char *step)
{
	const struct rung *broken;
	struct refusal refusal;
	struct reason reason;

	broken = ladder_broken("bpf", &refusal);
	if (!broken) {
		log_error("cannot %s the BPF programs: %s (" DOCTOR
			  "; --verbose shows the verifier's words)",
			  step, strerror(-err));
		return err == -EPERM ? -EPERM : -ENOTSUP;
	}
	reason_find(broken, &refusal, &reason);
	kernel_done();
	log_error("cannot %s the BPF programs: %s: %s; what helps: %s (" DOCTOR ")", step,
		  broken->hook[0].where, reason.why, reason.advice);
	return refusal.err == -EPERM ? -EPERM : -ENOTSUP;
}

/* An iterator over a map is bound to it when it is attached. */
static struct bpf_link *attach_to_map(const struct bpf_program *program, const struct bpf_map *map)
{
	union bpf_iter_link_info info = {.map.map_fd = (__u32)bpf_map__fd(map)};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));

	return bpf_program__attach_iter(program, &opts);
}

/* One that is called once: for the task that we are. */
static struct bpf_link *attach_to_ourselves(const struct bpf_program *program)
{
	union bpf_iter_link_info info = {.task.tid = (__u32)gettid()};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));

	return bpf_program__attach_iter(program, &opts);
}

static int attach_looks(struct tcp *skeleton)
{
	if (bpf_program__autoload(skeleton->progs.sample)) {
		skeleton->links.sample =
			attach_to_map(skeleton->progs.sample, skeleton->maps.flows);
		if (!skeleton->links.sample)
			return -errno;
	}
	if (!bpf_program__autoload(skeleton->progs.sample_listed))
		return 0;
	skeleton->links.sample_listed = attach_to_ourselves(skeleton->progs.sample_listed);
	return skeleton->links.sample_listed ? 0 : -errno;
}

/* The list of flows serves who asks for all flows again and again, for no more than their bytes. */
static unsigned need_of_looks(const struct source *source)
{
	const unsigned more = NEED_EXTRA | NEED_HANDSHAKES | NEED_PRESENT;

	return source->flows && source->live_table && !(source->needs & more) ? NEED_LOOKS : 0;
}

/*
 * An array is there whole from the beginning. Who may go by the storage as well has room for what
 * one may expect; who may not, for as many as user space has.
 */
static void size_list(struct tcp *skeleton, uint64_t max_flows)
{
	uint64_t places = 2 * kernel_tcp_sockets();

	if (places < LIST_PLACES)
		places = LIST_PLACES;
	if (places > max_flows || skeleton->rodata->want_list_alone)
		places = max_flows;
	bpf_map__set_max_entries(skeleton->maps.listed, (__u32)places);
	bpf_map__set_max_entries(skeleton->maps.free_places, (__u32)places);
	bpf_map__set_max_entries(skeleton->maps.listed_extras, (__u32)places);
}

/* Open and load. -EAGAIN, not logged: something that was trusted does not hold. */
static int load(struct tcp **ret, const struct source *source, bool trusting, unsigned *ret_lacks)
{
	const unsigned needs = source->needs | need_of_looks(source);
	uint64_t ring_bytes = source->watch->ring_kib * 1024;
	/* Events with all their parts are longer. */
	uint64_t bytes = !ring_bytes && needs & NEED_EXTRA ? 4ull * RING_BYTES_DEFAULT : ring_bytes;
	struct tcp *skeleton = *ret = programs_open();
	uint32_t size = ring_size(bytes);
	int err;

	if (!skeleton)
		return log_errno(errno, "cannot open the BPF programs");
	bpf_map__set_max_entries(skeleton->maps.ring, size);
	skeleton->rodata->wake_bytes = size / 4;
	err = probe_choose(skeleton, source->watch->rungs, needs, trusting, ret_lacks);
	kernel_done();
	if (err)
		return err;
	if (skeleton->rodata->want_list)
		size_list(skeleton, source->watch->max_flows);
	if (needs & NEED_HANDSHAKES)
		requests_choose(skeleton, source->watch->max_pending);
	skeleton->rodata->want_flows = source->flows;
	if (needs & NEED_PRESENT) {
		bpf_program__set_autoload(skeleton->progs.on_state, false);
		bpf_program__set_autoload(skeleton->progs.on_state_nested, false);
		/* It does the same besides. */
		if (bpf_program__autoload(skeleton->progs.list_bare))
			bpf_program__set_autoload(skeleton->progs.adopt_netns, false);
	}
	err = tcp__load(skeleton);
	if (!err)
		return 0;
	return trusting ? -EAGAIN : explain(err, "load");
}

/* What is forced is tried: who forces it wants to hear why it cannot be had. */
static int load_somehow(struct tcp **ret, const struct source *source, unsigned *ret_lacks)
{
	int err;

	if (source->watch->rungs)
		return load(ret, source, false, ret_lacks);
	err = load(ret, source, true, ret_lacks);
	if (err != -EAGAIN)
		return err;
	log_debug("something does not hold here: each is tried alone");
	tcp__destroy(*ret);
	return load(ret, source, false, ret_lacks);
}

int probe_load(struct tcp **ret, const struct source *source, unsigned *ret_lacks)
{
	const unsigned needs = source->needs;
	struct tcp *skeleton;
	int err;

	libbpf_set_print(print_libbpf);
	raise_memlock();
	heap_expect(PROGRAMS_LOADING_BYTES);
	err = load_somehow(ret, source, ret_lacks);
	heap_settle();
	if (err)
		return err;
	skeleton = *ret;
	bpf_program__set_autoattach(skeleton->progs.on_state, false);
	bpf_program__set_autoattach(skeleton->progs.on_state_nested, false);
	err = attach_looks(skeleton);
	if (!err && needs & NEED_HANDSHAKES)
		err = requests_attach(skeleton);
	if (!err)
		err = tcp__attach(skeleton);
	if (!err)
		err = probe_attach_packets(skeleton);
	programs_forget();
	return err ? explain(err, "attach") : 0;
}

int probe_attach_edges(struct tcp *skeleton)
{
	skeleton->links.on_state = bpf_program__attach(skeleton->progs.on_state);
	if (skeleton->links.on_state)
		skeleton->links.on_state_nested =
			bpf_program__attach(skeleton->progs.on_state_nested);
	return skeleton->links.on_state_nested ? 0 : explain(-errno, "attach");
}

uint64_t probe_missed_runs(const struct tcp *skeleton)
{
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(skeleton->progs.on_state), &info, &len))
		return 0;
	return info.recursion_misses;
}

bool probe_program(const struct tcp *skeleton, size_t i, const char **ret_name, uint64_t *ret_runs,
		   uint64_t *ret_ns)
{
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);
	struct bpf_program *p;

	bpf_object__for_each_program(p, skeleton->obj) {
		if (bpf_program__fd(p) < 0 || i--)
			continue;
		*ret_name = bpf_program__name(p);
		if (bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len))
			info.run_cnt = info.run_time_ns = 0;
		*ret_runs = info.run_cnt;
		*ret_ns = info.run_time_ns;
		return true;
	}
	return false;
}
