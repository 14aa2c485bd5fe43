// SPDX-License-Identifier: BSD-2-Clause
/*
 * fts(3) asks for the state of each of the forty files of a cgroup, which takes nine times as long;
 * told not to, it counts on the number of links, and misses a cgroup that is made meanwhile.
 */
#include "util/cgroup_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

/* Of cgroups within each other; an open file for each. Who has permission may make more. */
#define DEPTH_MAX 64

struct walk {
	void (*met)(void *context, uint64_t id, const char *path);
	void *context;
	char path[4096]; /* below the mount; "" is the mount */
	size_t len;
	DIR *open[DEPTH_MAX];
	size_t len_of[DEPTH_MAX]; /* of `path`, for each that is open */
	int depth, err;
};

static void fail(struct walk *w, int err)
{
	if (err != ENOENT && err != ENODEV)
		w->err = -err;
}

static void enter(struct walk *w, int at, const char *name)
{
	int fd;

	if (w->depth == DEPTH_MAX) {
		fail(w, ELOOP);
		return;
	}
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	w->open[w->depth] = fd < 0 ? NULL : fdopendir(fd);
	if (!w->open[w->depth])
		fail(w, errno);
	else
		w->len_of[w->depth++] = w->len;
}

static bool append(struct walk *w, const char *name)
{
	size_t len = strlen(name);

	if (w->len + 1 + len >= sizeof(w->path))
		return false;
	w->path[w->len++] = '/';
	memcpy(w->path + w->len, name, len + 1);
	w->len += len;
	return true;
}

static void take(struct walk *w, DIR *parent, const struct dirent *e)
{
	if (e->d_type != DT_DIR || !strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
		return;
	if (!append(w, e->d_name)) {
		fail(w, ENAMETOOLONG);
		return;
	}
	w->met(w->context, e->d_ino, w->path);
	enter(w, dirfd(parent), e->d_name);
}

int cgroup_walk(const char *mount, void (*met)(void *context, uint64_t id, const char *path),
		void *context)
{
	struct walk w = {.met = met, .context = context};
	struct stat st;

	if (stat(mount, &st))
		return -errno;
	met(context, st.st_ino, "/");
	enter(&w, AT_FDCWD, mount);
	while (w.depth) {
		DIR *dir = w.open[w.depth - 1];
		const struct dirent *e;

		w.len = w.len_of[w.depth - 1];
		w.path[w.len] = '\0';
		errno = 0;
		e = readdir(dir);
		if (e) {
			take(&w, dir, e);
			continue;
		}
		if (errno)
			fail(&w, errno);
		closedir(dir);
		w.depth--;
	}
	return w.err;
}
