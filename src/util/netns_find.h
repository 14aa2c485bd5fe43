// SPDX-License-Identifier: BSD-2-Clause
/* Which network namespace is meant. */
#pragma once
#include <stdint.h>

/*
 * The inode number of the network namespace at `path`, which is one that `ip netns` names if it has
 * no slash; 0 if that is none.
 */
uint32_t netns_find_path(const char *path);

/*
 * Is there a network namespace of this inode number: does a thread live in it, is it mounted, or
 * held open? Returns 1, 0, or -EACCES if it was not found where we may look, and we may not
 * everywhere. It is a long look at /proc.
 */
int netns_find_inode(uint32_t inode);
