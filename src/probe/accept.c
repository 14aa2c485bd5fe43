// SPDX-License-Identifier: BSD-2-Clause
#include "probe/accept.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <unistd.h>

#include "tcp.skel.h"

#define FUNCTION "inet_csk_accept"

int accept_try(const struct btf *kernel)
{
	struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K},
				  {.code = BPF_JMP | BPF_EXIT}};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FEXIT);
	int id = btf__find_by_name_kind(kernel, FUNCTION, BTF_KIND_FUNC), fd;

	if (id < 0)
		return -ENOENT;
	opts.attach_btf_id = (__u32)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "try", "GPL", code, 2, &opts);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static unsigned count_arguments(const struct btf *kernel)
{
	int id = btf__find_by_name_kind(kernel, FUNCTION, BTF_KIND_FUNC);
	const struct btf_type *function = id < 0 ? NULL : btf__type_by_id(kernel, (__u32)id);

	return function ? btf_vlen(btf__type_by_id(kernel, function->type)) : 0;
}

void accept_choose(struct tcp *skeleton)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	unsigned arguments;

	if (libbpf_get_error(kernel))
		return;
	arguments = accept_try(kernel) ? 0 : count_arguments(kernel);
	btf__free(kernel);
	bpf_program__set_autoload(skeleton->progs.on_accept_2, arguments == 2);
	bpf_program__set_autoload(skeleton->progs.on_accept_4, arguments == 4);
}
