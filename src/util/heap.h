// SPDX-License-Identifier: BSD-2-Clause
/* The heap, while much is taken from it that is soon given back. */
#pragma once
#include <stddef.h>

/*
 * So many bytes are about to be taken and given back, perhaps more than once. Each page that is touched for the first
 * time is a fault, which takes 26 us in a guest without hardware support for its page tables. So what
 * is given back is used again, and pages are huge where the kernel has them.
 */
void heap_expect(size_t bytes);

/* It is over: nothing of it stays resident. */
void heap_settle(void);
