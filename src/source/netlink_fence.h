// SPDX-License-Identifier: BSD-2-Clause
/*
 * Have all notices of the past come? The kernel gives notice of a closed socket from a work queue,
 * in order on each CPU (sock_diag_broadcast_destroy()). So sockets of our own are closed, one on
 * each CPU: once their notices are here, so are those of all that closed before.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define FENCE_SOCKETS_MAX 64

struct fence {
	int fd[FENCE_SOCKETS_MAX];
	uint64_t cookie[FENCE_SOCKETS_MAX];
	unsigned count;
	unsigned left; /* raised: so many notices have not come */
};

/* Make the sockets, in a network namespace whose notices are taken. */
void fence_open(struct fence *f);
void fence_close(struct fence *f);

/* Close each socket on a CPU of its own. */
void fence_raise(struct fence *f);

/* Is this notice one of ours? */
bool fence_passed(struct fence *f, uint64_t cookie);
