// SPDX-License-Identifier: BSD-2-Clause
/*
 * Does a hook have the arguments that our program reads? They differ between kernels, and a program
 * that reads an argument of another kind loads without complaint and reads nonsense.
 */
#pragma once
#include <stddef.h>

struct btf;

/*
 * Compare with the kernel's BTF. `where` is "tp_btf/NAME", "fexit/NAME" or "fentry/NAME"; of other
 * hooks nothing is known, and they fit. `arguments` are types as C writes them, without const:
 * "struct sock *, int". Of a tracepoint they are the leading ones; of a function all of them, in
 * variants that " | " separates. 0, -ENOENT if there is no such hook, or -EPROTOTYPE and the
 * kernel's own list in `ret_list`. Without `arguments` the hook need only be there.
 */
int prototype_check(const struct btf *kernel, const char *where, const char *arguments,
		    char *ret_list, size_t size);
