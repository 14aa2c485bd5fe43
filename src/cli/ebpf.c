// SPDX-License-Identifier: BSD-2-Clause
/* The source of the BPF programs, taken into the program as it was when that was built. */
#include <stdio.h>

#include "cli/help.h"

asm(".section .rodata\n"
    ".balign 1\n"
    "ebpf_source:\n"
    ".incbin \"src/bpf/sock.bpf.h\"\n"
    ".incbin \"src/bpf/acceptor.bpf.h\"\n"
    ".incbin \"src/bpf/state.bpf.c\"\n"
    ".incbin \"src/bpf/adopt.bpf.h\"\n"
    ".incbin \"src/bpf/snapshot.bpf.c\"\n"
    ".incbin \"src/bpf/owner.bpf.c\"\n"
    ".byte 0\n"
    ".previous\n");

extern const char ebpf_source[];

void help_print_ebpf(void)
{
	fputs(ebpf_source, stdout);
}
