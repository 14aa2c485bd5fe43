// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory has three regimes. Start-up and options: these functions, whose failure ends the program.
 * Traffic-sized tables: reserved once from a limit (see engine/flow_table.h). Event path: none.
 */
#pragma once
#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);

/* What these do if there is no memory: say so, and end the program. */
void xalloc_failed(void) __attribute__((noreturn));

/*
 * Zeroed address space of `size` bytes whose pages cost memory only once they are touched. Gives;
 * free with reserve_free(). Ends the program if there is no address space.
 */
void *reserve(size_t size);
void reserve_free(void *start, size_t size);

/*
 * Give back the memory of a part of it, which reads as zeros from then on, or stays as it was. Constants
 * of the program are read from its file again when they are needed.
 */
void reserve_forget(void *start, size_t size);
