// SPDX-License-Identifier: BSD-2-Clause
#include "app/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/log.h"

/*
 * `stat --all` opens some 70 at a time: maps, programs, links, and what libbpf tries out beside
 * them. Others need less; what is more leaves room for clients of the control socket.
 */
#define ROOM 128
/* What most systems allow to begin with. */
#define USUAL_LIMIT 1024

int descriptors_hold_standard(void)
{
	int fd;

	/* A path only: reading and writing fail, and no device needs to be there. */
	do
		fd = open("/", O_PATH);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

bool descriptors_was_closed(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || flags & O_PATH;
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= USUAL_LIMIT)
		return;
	limit.rlim_cur = limit.rlim_max < USUAL_LIMIT ? limit.rlim_max : USUAL_LIMIT;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int descriptors_check_room(void)
{
	int fd[ROOM], count = 0, err = 0;

	raise_limit();
	while (count < ROOM && !err) {
		fd[count] = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
		err = fd[count] < 0 ? -errno : 0;
		count += !err;
	}
	for (int i = 0; i < count; i++)
		close(fd[i]);
	return err ? log_errno(err,
			       "watching TCP takes up to %d open files, and there is room for %d",
			       ROOM, count)
		   : 0;
}
