// SPDX-License-Identifier: BSD-2-Clause
#include "util/first_line.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void first_line(const char *path, char *ret, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);

	if (fd >= 0)
		close(fd);
	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}
