// SPDX-License-Identifier: BSD-2-Clause
#include "probe/try.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/config.h"
#include "probe/kernel.h"
#include "probe/rung.h"
#include "probe/programs.h"
#include "probe/prototype.h"
#include "probe/verifier_log.h"
#include "tcp.skel.h"
#include "util/cgroup.h"
#include "util/xalloc.h"

/* The reason of a refusal is near the end of the verifier's log; a short one is enough. */
#define LOG_BYTES (1u << 16)
#define SMALL_ENTRIES 16
#define DELACK_FUNCTION "tcp_delack_timer"

static bool trusting;

void try_trust(bool yes)
{
	trusting = yes;
}

void try_nothing(const struct rung *rung, struct refusal *ret)
{
	(void)rung;
	ret->err = 0;
}

static void check_hook(const struct hook *hook, struct refusal *ret)
{
	const struct btf *kernel = kernel_btf();

	ret->detail[0] = '\0';
	ret->err = kernel ? prototype_check(kernel, hook->where, hook->arguments, ret->detail,
					    sizeof(ret->detail))
			  : -ENOENT;
	ret->hook = ret->err ? hook : NULL;
}

void try_arguments(const struct rung *rung, struct refusal *ret)
{
	for (size_t h = 0; h < HOOKS_MAX && rung->hook[h].where && !ret->err; h++)
		check_hook(&rung->hook[h], ret);
}

const struct hook *try_variant(const struct rung *rung, struct refusal *ret)
{
	for (size_t h = 0; h < HOOKS_MAX && rung->hook[h].where; h++) {
		check_hook(&rung->hook[h], ret);
		if (!ret->err)
			return &rung->hook[h];
	}
	return NULL;
}

static bool is_of(const void *context, const char *program)
{
	const struct rung *rung = context;

	for (size_t h = 0; h < HOOKS_MAX; h++)
		if (rung->hook[h].program && !strcmp(rung->hook[h].program, program))
			return true;
	return false;
}

/* What the verifier says does not depend on how much a map holds, and to make large ones takes long. */
static void make_small(struct bpf_map *map)
{
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
		bpf_map__set_max_entries(map, SMALL_ENTRIES);
		break;
	case BPF_MAP_TYPE_RINGBUF:
		bpf_map__set_max_entries(map, (__u32)sysconf(_SC_PAGESIZE));
		break;
	default:
		break;
	}
}

/* Load the programs that are wanted, and no other. */
static int load(try_wants wants, const void *context, char *log)
{
	struct tcp *skeleton = programs_open();
	struct bpf_program *p;
	struct bpf_map *map;
	int err;

	if (!skeleton)
		return -errno;
	bpf_object__for_each_map(map, skeleton->obj)
		make_small(map);
	bpf_object__for_each_program(p, skeleton->obj)
	{
		bpf_program__set_autoload(p, wants(context, bpf_program__name(p)));
		if (!log)
			continue;
		bpf_program__set_log_buf(p, log, LOG_BYTES);
		bpf_program__set_log_level(p, 1);
	}
	err = tcp__load(skeleton);
	tcp__destroy(skeleton);
	return err;
}

bool try_together(try_wants wants)
{
	return !load(wants, NULL, NULL);
}

void try_programs(const struct rung *rung, struct refusal *ret)
{
	char *log;

	try_arguments(rung, ret);
	if (ret->err || trusting)
		return;
	ret->err = load(is_of, rung, NULL);
	if (!ret->err || ret->err == -EPERM)
		return;
	/* Again, for the verifier's words. */
	log = xcalloc(1, LOG_BYTES);
	load(is_of, rung, log);
	verifier_log_reason(log, ret->detail, sizeof(ret->detail));
	ret->by_verifier = ret->detail[0] != '\0';
	free(log);
}

static const struct bpf_insn do_nothing[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1},
					     {.code = BPF_JMP | BPF_EXIT}};
static const struct bpf_insn do_nothing_at_exit[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K},
						     {.code = BPF_JMP | BPF_EXIT}};

/* A program that does nothing, for a function of the kernel. Its descriptor or -errno. */
static int load_for(const char *function, enum bpf_attach_type type)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = type);
	int program;

	opts.attach_btf_id = (__u32)btf__find_by_name_kind(kernel_btf(), function, BTF_KIND_FUNC);
	program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "try", "GPL", do_nothing_at_exit, 2, &opts);
	return program < 0 ? -errno : program;
}

/*
 * Some kernels refuse those iterators that lend a map's values to a program, whoever asks. To be
 * told so takes no program of ours.
 */
static void ask_for_iterator(const struct rung *rung, struct refusal *ret)
{
	char function[64];
	int program;

	snprintf(function, sizeof(function), "bpf_iter_%s", strchr(rung->hook[0].where, '/') + 1);
	program = load_for(function, BPF_TRACE_ITER);
	if (program < 0)
		ret->err = program;
	else
		close(program);
}

void try_before(const struct rung *rung, struct refusal *ret)
{
	try_arguments(rung, ret);
	if (!ret->err && rung->try == try_iterator)
		ask_for_iterator(rung, ret);
}

void try_iterator(const struct rung *rung, struct refusal *ret)
{
	try_before(rung, ret);
	if (!ret->err)
		try_programs(rung, ret);
}

/* Attaching is what a kernel without direct calls refuses. */
static int attach_to_exit_of(const char *function)
{
	int program = load_for(function, BPF_TRACE_FEXIT), link, err = 0;

	if (program < 0)
		return program;
	link = bpf_link_create(program, 0, BPF_TRACE_FEXIT, NULL);
	if (link < 0)
		err = -errno;
	else
		close(link);
	close(program);
	return err;
}

void try_fexit(const struct rung *rung, struct refusal *ret)
{
	const struct hook *variant = rung->either ? try_variant(rung, ret) : NULL;

	if (!rung->either)
		try_arguments(rung, ret);
	for (size_t h = 0; h < HOOKS_MAX && rung->hook[h].where && !ret->err; h++)
		if (!variant || variant == &rung->hook[h])
			ret->err = attach_to_exit_of(strchr(rung->hook[h].where, '/') + 1);
}

int try_open_root_cgroup(void)
{
	struct cgroup_names *names = cgroup_names_new();
	const char *mount = cgroup_names_mount(names);
	int fd = mount ? open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int err = mount ? errno : ENOENT;

	cgroup_names_free(names);
	return fd < 0 ? -err : fd;
}

static int attach_nothing(int cgroup, enum bpf_attach_type type)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = type);
	int program = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "try", "GPL", do_nothing, 2, &opts);
	int link, err = 0;

	if (program < 0)
		return -errno;
	link = bpf_link_create(program, cgroup, type, NULL);
	if (link < 0)
		err = -errno;
	else
		close(link);
	close(program);
	return err;
}

void try_cgroup_skb(const struct rung *rung, struct refusal *ret)
{
	int cgroup = try_open_root_cgroup();

	if (cgroup < 0) {
		ret->err = cgroup;
		snprintf(ret->detail, sizeof(ret->detail), "there is no mount of cgroup v2");
		return;
	}
	ret->err = attach_nothing(cgroup, BPF_CGROUP_INET_INGRESS);
	if (!ret->err)
		ret->err = attach_nothing(cgroup, BPF_CGROUP_INET_EGRESS);
	close(cgroup);
	if (!ret->err)
		try_programs(rung, ret);
}

void try_field(const struct rung *rung, struct refusal *ret)
{
	const char *where = rung->hook[0].where, *field = strchr(where, '.') + 1;
	const struct btf *kernel = kernel_btf();
	const struct btf_type *type;
	char structure[64];
	int id;

	snprintf(structure, sizeof(structure), "%.*s", (int)(field - 1 - where), where);
	id = kernel ? btf__find_by_name_kind(kernel, structure, BTF_KIND_STRUCT) : -ENOENT;
	type = id < 0 ? NULL : btf__type_by_id(kernel, (__u32)id);
	ret->err = -ENOENT;
	for (unsigned i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(kernel, btf_members(type)[i].name_off), field))
			ret->err = 0;
}

void try_sockops(const struct rung *rung, struct refusal *ret)
{
	int cgroup = try_open_root_cgroup();

	if (cgroup < 0) {
		ret->err = cgroup;
		snprintf(ret->detail, sizeof(ret->detail), "there is no mount of cgroup v2");
		return;
	}
	close(cgroup);
	try_programs(rung, ret);
}

void try_delack_timer(const struct rung *rung, struct refusal *ret)
{
	if (!kernel_address(DELACK_FUNCTION)) {
		ret->err = -EACCES;
		snprintf(ret->detail, sizeof(ret->detail),
			 "/proc/kallsyms hides the address of " DELACK_FUNCTION);
		return;
	}
	try_programs(rung, ret);
}

void take_delack_timer(struct tcp *skeleton)
{
	skeleton->rodata->delack_timer = kernel_address(DELACK_FUNCTION);
	skeleton->rodata->want_delacks = 1;
	bpf_map__set_max_entries(skeleton->maps.delayed_acks, DELAYED_ACK_SOCKETS);
}

void take_causes(struct tcp *skeleton)
{
	skeleton->rodata->want_causes = 1;
}

/* Its program is of no use where an address cannot be read from as a socket. */
void try_list(const struct rung *rung, struct refusal *ret)
{
	const struct btf *kernel = kernel_btf();

	if (kernel && btf__find_by_name_kind(kernel, PROGRAMS_CAST, BTF_KIND_FUNC) < 0) {
		ret->err = -ENOENT;
		snprintf(ret->detail, sizeof(ret->detail), "it has no " PROGRAMS_CAST "()");
		return;
	}
	try_programs(rung, ret);
}

void take_list(struct tcp *skeleton)
{
	skeleton->rodata->want_list = 1;
	bpf_map__set_autocreate(skeleton->maps.listed, true);
	bpf_map__set_autocreate(skeleton->maps.free_places, true);
	bpf_map__set_autocreate(skeleton->maps.looked_at, true);
}

void take_list_alone(struct tcp *skeleton)
{
	take_list(skeleton);
	skeleton->rodata->want_list_alone = 1;
	bpf_map__set_autocreate(skeleton->maps.listed_extras, skeleton->rodata->want_extra);
}

void take_undo(struct tcp *skeleton)
{
	skeleton->rodata->want_undo = 1;
}
