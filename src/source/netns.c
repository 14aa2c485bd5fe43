// SPDX-License-Identifier: BSD-2-Clause
#include "source/netns.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/log.h"
#include "util/xalloc.h"

struct seen {
	ino_t *inode;
	size_t count, size;
	bool left_home;
};

/* True the first time. */
static int is_new(struct seen *seen, ino_t inode)
{
	for (size_t i = 0; i < seen->count; i++)
		if (seen->inode[i] == inode)
			return 0;
	if (seen->count == seen->size) {
		seen->size = seen->size ? 2 * seen->size : 16;
		seen->inode = xrealloc(seen->inode, seen->size * sizeof(*seen->inode));
	}
	seen->inode[seen->count++] = inode;
	return 1;
}

static int enter_and_visit(struct seen *seen, const char *path, int (*visit)(void *), void *context)
{
	struct stat st;
	int fd, err = 0;

	if (stat(path, &st) || !is_new(seen, st.st_ino))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (!setns(fd, CLONE_NEWNET)) {
		seen->left_home = true;
		err = visit(context);
	} else {
		log_debug("cannot enter the network namespace %s", path);
	}
	close(fd);
	return err;
}

static int visit_folder(struct seen *seen, const char *folder, const char *suffix,
			int (*visit)(void *), void *context)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int err = 0;

	while (dir && !err && (entry = readdir(dir))) {
		char path[512];

		if (entry->d_name[0] == '.' || (suffix[0] && !isdigit((unsigned char)entry->d_name[0])))
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", folder, entry->d_name, suffix);
		err = enter_and_visit(seen, path, visit, context);
	}
	if (dir)
		closedir(dir);
	return err;
}

int netns_for_each(int (*visit)(void *context), void *context)
{
	struct seen seen = {0};
	struct stat st;
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int err;

	if (home >= 0 && !fstat(home, &st))
		is_new(&seen, st.st_ino);
	err = visit(context);
	if (home >= 0 && !err)
		err = visit_folder(&seen, "/proc", "/ns/net", visit, context);
	if (home >= 0 && !err)
		err = visit_folder(&seen, "/run/netns", "", visit, context);
	if (home >= 0) {
		if (seen.left_home && setns(home, CLONE_NEWNET) && !err)
			err = log_errno(errno, "cannot return to the own network namespace");
		close(home);
	}
	free(seen.inode);
	return err;
}
