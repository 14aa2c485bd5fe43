// SPDX-License-Identifier: BSD-2-Clause
#include "util/cgroup.h"

#include <errno.h>
#include <fts.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "util/xalloc.h"

#define CGROUP_NAMES_MAX 65536

struct name {
	uint64_t id;
	char *path;
};

struct cgroup_names {
	char *mount; /* NULL if there is none */
	struct name *name; /* sorted by id */
	size_t count, size;
	time_t walked_s; /* a miss walks the tree again, but at most once a second */
};

struct cgroup_names *cgroup_names_new(void)
{
	struct cgroup_names *names = xcalloc(1, sizeof(*names));
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *m;

	while (mounts && !names->mount && (m = getmntent(mounts)))
		if (!strcmp(m->mnt_type, "cgroup2"))
			names->mount = xstrdup(m->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return names;
}

const char *cgroup_names_mount(const struct cgroup_names *names)
{
	return names->mount;
}

bool cgroup_names_has_mount(const struct cgroup_names *names)
{
	return names->mount != NULL;
}

void cgroup_names_free(struct cgroup_names *names)
{
	if (!names)
		return;
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i].path);
	free(names->name);
	free(names->mount);
	free(names);
}

static size_t lower_bound(const struct cgroup_names *names, uint64_t id)
{
	size_t low = 0, high = names->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (names->name[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A name that was learnt once is kept: the cgroup may end before its flows are printed. */
static void learn(struct cgroup_names *names, uint64_t id, const char *path)
{
	size_t at = lower_bound(names, id);

	if (at < names->count && names->name[at].id == id) {
		if (strcmp(names->name[at].path, path)) {
			/* Rows borrow paths only for the call that prints them. */
			free(names->name[at].path);
			names->name[at].path = xstrdup(path);
		}
		return;
	}
	if (names->count == CGROUP_NAMES_MAX)
		return;
	if (names->count == names->size) {
		names->size = names->size ? 2 * names->size : 64;
		names->name = xrealloc(names->name, names->size * sizeof(*names->name));
	}
	memmove(names->name + at + 1, names->name + at,
		(names->count - at) * sizeof(*names->name));
	names->name[at] = (struct name){.id = id, .path = xstrdup(path)};
	names->count++;
}

void cgroup_names_refresh(struct cgroup_names *names)
{
	char *roots[] = {names->mount, NULL};
	size_t skip;
	FTSENT *e;
	FTS *fts;

	if (!names->mount)
		return;
	skip = strlen(names->mount);
	fts = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	while (fts && (e = fts_read(fts)))
		if (e->fts_info == FTS_D)
			learn(names, e->fts_statp->st_ino, e->fts_path[skip] ? e->fts_path + skip : "/");
	if (fts)
		fts_close(fts);
}

const char *cgroup_path(struct cgroup_names *names, uint64_t id)
{
	size_t at = lower_bound(names, id);
	time_t now = time(NULL);

	if ((at == names->count || names->name[at].id != id) && names->walked_s != now) {
		names->walked_s = now;
		cgroup_names_refresh(names);
		at = lower_bound(names, id);
	}
	return at < names->count && names->name[at].id == id ? names->name[at].path : NULL;
}

int cgroup_id_of(struct cgroup_names *names, const char *path, uint64_t *ret_id)
{
	char below[4096];
	struct statfs fs;
	struct stat st;

	if (stat(path, &st) && errno == ENOENT && names->mount) {
		snprintf(below, sizeof(below), "%s/%s", names->mount, path);
		path = below;
	}
	if (stat(path, &st) || statfs(path, &fs))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return -EINVAL;
	*ret_id = st.st_ino;
	return 0;
}

bool cgroup_is_below(struct cgroup_names *names, uint64_t id, uint64_t ancestor)
{
	const char *path, *top;
	size_t len;

	if (id == ancestor)
		return true;
	top = cgroup_path(names, ancestor);
	path = cgroup_path(names, id);
	if (!top || !path)
		return false;
	len = strcmp(top, "/") ? strlen(top) : 0;
	return !strncmp(path, top, len) && path[len] == '/';
}
