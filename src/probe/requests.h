// SPDX-License-Identifier: BSD-2-Clause
/* The programs of `peek --source bpf`, which follow connection requests. */
#pragma once
#include <stdint.h>

struct tcp;

/*
 * After probe_choose() has said which are loaded: have their maps made, with room for `limit`
 * requests. Warns if the kernel or this user lacks the one that sees SYNs.
 */
void requests_choose(struct tcp *skeleton, uint64_t limit);

/* Attach what tcp__attach() cannot. 0 or -errno. */
int requests_attach(struct tcp *skeleton);
