// SPDX-License-Identifier: BSD-2-Clause
#include "util/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int secret_open(const char *path, char *why, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), err;
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		err = -errno;
		snprintf(why, size, "cannot read %.300s: %s", path, strerror(-err));
		if (fd >= 0)
			close(fd);
		return err;
	}
	if (S_ISCHR(st.st_mode) || !(st.st_mode & (S_IRWXO | S_IWGRP)))
		return fd;
	snprintf(
		why, size,
		"%.150s holds a secret and has the mode %03o: its owner alone may be able to write it, "
		"its owner and group to read it; \"chmod g-w,o= %.150s\" helps",
		path, st.st_mode & 0777, path);
	close(fd);
	return -EACCES;
}
