// SPDX-License-Identifier: BSD-2-Clause
/*
 * The cgroup of a process, from /proc/PID/cgroup. Where version 1 is in use beside version 2 the
 * cgroup of its sockets may be the root, and only one of the older hierarchies tells whose it is.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define CGROUP_PATH_SIZE 4096

/*
 * The path that tells most of the `len` bytes of such a file, any bytes: the first that is not "/"
 * of version 2, name=systemd and cpu; "/" if they all are. Written to `ret`, terminated. Returns 0;
 * -ENOENT: there is none of them; -ENAMETOOLONG: it does not fit. Then `ret` is "".
 */
int cgroup_choose_path(const char *text, size_t len, char ret[CGROUP_PATH_SIZE]);

/* The same of a process of our PID namespace; besides -errno of reading, as -ENOENT if it is gone.
 */
int cgroup_of_pid(uint32_t pid, char ret[CGROUP_PATH_SIZE]);
