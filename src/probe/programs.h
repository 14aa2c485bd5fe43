// SPDX-License-Identifier: BSD-2-Clause
/* The BPF programs, as this file has them. */
#pragma once

struct tcp;

/* What loading them takes from the heap: the kernel's BTF and a copy of it, and what libbpf makes of them. */
#define PROGRAMS_LOADING_BYTES (24u << 20)

/* A function of the kernel, since 6.2, that programs may do without. */
#define PROGRAMS_CAST "bpf_rdonly_cast"

/*
 * All of them, opened and not loaded: free with tcp__destroy(). NULL and errno: no memory. Whoever
 * calls tcp__open() by itself has a copy of them, 600 kB, in the program.
 */
struct tcp *programs_open(void);

/* The kernel has them now, and the file still has them: here they need no memory any more. */
void programs_forget(void);
