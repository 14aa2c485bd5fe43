// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any bytes as /proc/PID/cgroup: a path is absolute and stands at the end of a line that names its
 * hierarchy, or there is none.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/cgroup_pid.h"

static void require(int truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of its size, so that one byte too far is seen. */
	char *text = malloc(size ? size : 1), path[CGROUP_PATH_SIZE];
	char after_colon[1 + CGROUP_PATH_SIZE] = ":";
	int err;

	memcpy(text, data, size);
	memset(path, 0xa5, sizeof(path));
	err = cgroup_choose_path(text, size, path);
	require(memchr(path, 0, sizeof(path)) != NULL);
	if (err) {
		require((err == -ENOENT || err == -ENAMETOOLONG) && !path[0]);
	} else {
		require(path[0] == '/' && !strchr(path, '\n'));
		memcpy(after_colon + 1, path, strlen(path));
		require(memmem(text, size, after_colon, 1 + strlen(path)) != NULL);
		/* Of one of these hierarchies, which stands before it. */
		require(memmem(text, size, "0::/", 4) || memmem(text, size, "name=systemd:/", 14) ||
			memmem(text, size, "cpu:/", 5) || memmem(text, size, "cpu,", 4));
	}
	free(text);
	return 0;
}
