// SPDX-License-Identifier: BSD-2-Clause
/* A walk through the folders of a cgroup mount. */
#pragma once
#include <stdint.h>

/*
 * Call `met` for each folder below `mount` with its inode and its path below the mount, the mount
 * itself ("/") first. Returns 0; -errno if a part of the tree may be missing: other than because it
 * was removed meanwhile.
 */
int cgroup_walk(const char *mount, void (*met)(void *context, uint64_t id, const char *path),
		void *context);
