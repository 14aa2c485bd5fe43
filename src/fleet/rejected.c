// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/rejected.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/write_all.h"

/* Of all files in the folder but `name`, or -errno. */
static int64_t bytes_kept(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int64_t sum = 0;
	struct stat st;

	if (!dir) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, name) && !fstatat(dir_fd, entry->d_name, &st, 0) &&
		    S_ISREG(st.st_mode))
			sum += st.st_size;
	closedir(dir);
	return sum;
}

static int write_file(int fd, const char *insert, const struct fleet_block *block)
{
	int err = write_all(fd, insert, strlen(insert), false);

	/* A line feed, and no space, stands between a statement and its rows. */
	if (!err)
		err = write_all(fd, "\n", 1, false);
	return err ? err : write_all(fd, block->body.byte, block->body.len, true);
}

int fleet_rejected_keep(int dir_fd, const char *name, const char *insert,
			const struct fleet_block *block)
{
	int64_t kept = bytes_kept(dir_fd, name);
	int fd, err;

	if (kept < 0)
		return (int)kept;
	if ((uint64_t)kept + strlen(insert) + block->body.len > FLEET_REJECTED_MAX_BYTES)
		return -ENOSPC;
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	err = write_file(fd, insert, block);
	close(fd);
	if (!err && fsync(dir_fd))
		err = -errno;
	/* Half of it is of no use. */
	if (err)
		unlinkat(dir_fd, name, 0);
	return err;
}
