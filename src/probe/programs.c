// SPDX-License-Identifier: BSD-2-Clause
#include "probe/programs.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdint.h>

#include "probe/kernel.h"
#include "tcp.skel.h"
#include "util/xalloc.h"

/*
 * A function that the programs may do without, and that this kernel has not, is looked for in its modules by
 * libbpf, which takes CAP_SYS_ADMIN: without it, no program could be loaded. Once libbpf has looked, it takes
 * for granted that there is nothing (load_module_btfs()), so we let it look where failing does no harm.
 */
static void let_functions_be_missing(struct tcp *skeleton)
{
	const struct btf *kernel = kernel_btf();

	if (kernel && btf__find_by_name_kind(kernel, PROGRAMS_CAST, BTF_KIND_FUNC) < 0)
		bpf_program__set_attach_target(skeleton->progs.sample, 0, "nothing");
}

struct tcp *programs_open(void)
{
	struct tcp *skeleton = tcp__open();

	if (skeleton)
		let_functions_be_missing(skeleton);
	return skeleton;
}

void programs_forget(void)
{
	size_t size;
	const void *programs = tcp__elf_bytes(&size);

	reserve_forget((void *)(uintptr_t)programs, size);
}
