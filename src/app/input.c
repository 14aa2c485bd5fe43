// SPDX-License-Identifier: BSD-2-Clause
#include "app/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/descriptors.h"
#include "engine/watch.h"
#include "record/directory.h"
#include "util/log.h"

static int check_stdin(void)
{
	struct stat st;

	if (descriptors_was_closed(STDIN_FILENO)) {
		log_error("cannot read -: the standard input is closed");
		return -EBADF;
	}
	if (!fstat(STDIN_FILENO, &st) && S_ISDIR(st.st_mode)) {
		log_error("cannot read -: the standard input is a directory");
		return -EISDIR;
	}
	return 0;
}

/* Does not return before somebody writes there. */
static int become_stdin(struct watch *watch)
{
	int fd = open(watch->read_path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return log_errno(errno, "cannot read %s", watch->read_path);
	if (dup2(fd, STDIN_FILENO) < 0)
		err = log_errno(errno, "cannot read %s", watch->read_path);
	close(fd);
	watch->read_path = "-";
	return err;
}

static bool holds_recordings(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct record_files files = {0};
	bool holds;

	if (fd < 0)
		return false;
	holds = !record_files_list(fd, &files) && files.count;
	record_files_free(&files);
	close(fd);
	return holds;
}

int input_prepare(struct watch *watch)
{
	const char *path = watch->read_path;
	struct stat st;

	if (!path)
		return 0;
	if (!strcmp(path, "-"))
		return check_stdin();
	if (stat(path, &st))
		return log_errno(errno, "cannot read %s", path);
	if (S_ISDIR(st.st_mode) && !holds_recordings(path)) {
		log_error("cannot read %s: it is a directory, not a file, and holds no recordings",
			  path);
		return -EISDIR;
	}
	return S_ISFIFO(st.st_mode) ? become_stdin(watch) : 0;
}
