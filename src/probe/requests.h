// SPDX-License-Identifier: BSD-2-Clause
/* The programs of `peek --source bpf`, which follow connection requests. */
#pragma once
#include <stdint.h>

struct tcp;

/*
 * Have them loaded, with room for `limit` requests. What this kernel or this user lacks is left
 * out: then requests are seen only once their SYN/ACK was sent again, or resets are not.
 */
void requests_choose(struct tcp *skeleton, uint64_t limit);

/* Attach what tcp__attach() cannot. 0 or -errno. */
int requests_attach(struct tcp *skeleton);
