// SPDX-License-Identifier: BSD-2-Clause
#include "probe/programs.h"

#include <stdint.h>

#include "tcp.skel.h"
#include "util/xalloc.h"

struct tcp *programs_open(void)
{
	return tcp__open();
}

void programs_forget(void)
{
	size_t size;
	const void *programs = tcp__elf_bytes(&size);

	reserve_forget((void *)(uintptr_t)programs, size);
}
