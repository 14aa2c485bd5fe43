// SPDX-License-Identifier: BSD-2-Clause
#include "app/notify.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/log.h"

/* For whoever listens to take a notice, of which ten may wait. */
#define PATIENCE_MS 2000

int notify_open(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof(to.sun_path))
		return -1;
	memcpy(to.sun_path, path, len);
	/* A leading @ stands for the abstract namespace. */
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0';
	/* Whoever listens may be slow, and most notices are not worth waiting for. */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&to,
				(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)))
		return fd;
	log_debug("cannot notify %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

void notify_tell(int fd, const char *text)
{
	/* Not send(): the sandbox leaves nothing that is for sockets only. SIGPIPE is ignored. */
	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		log_debug("cannot notify: %s", strerror(errno));
}

void notify_turn(int fd, const char *text)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};

	if (fd >= 0)
		poll(&room, 1, PATIENCE_MS);
	notify_tell(fd, text);
}

void notify_ready(int fd)
{
	notify_turn(fd, "READY=1");
	if (fd >= 0)
		close(fd);
}
