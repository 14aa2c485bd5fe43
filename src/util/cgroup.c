// SPDX-License-Identifier: BSD-2-Clause
#include "util/cgroup.h"

#include <errno.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "util/cgroup_pid.h"
#include "util/cgroup_walk.h"
#include "util/xalloc.h"

/* After a walk comes a pause of so many times its length. */
#define PAUSE_TIMES 49
#define PID_FRESH_NS 1000000000ull

struct name {
	uint64_t id;
	char *path;
	uint64_t met; /* the number of the meeting, over all walks */
};

struct cgroup_names {
	char *mount;	   /* NULL if there is none */
	bool is_host;	   /* of this machine, so its processes may be asked */
	struct name *name; /* sorted by id */
	size_t count, size;
	uint64_t meetings;
	uint64_t pause_until_ns; /* no walk before; CLOCK_MONOTONIC */
	struct cgroup_cache *by_id, *by_pid;
	struct cgroup_counts counts; /* without `replaced` */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

struct cgroup_names *cgroup_names_new_at(const char *mount)
{
	struct cgroup_names *names = xcalloc(1, sizeof(*names));

	names->mount = mount ? xstrdup(mount) : NULL;
	names->by_id = cgroup_cache_new(CGROUP_INFO_MAX);
	names->by_pid = cgroup_cache_new(CGROUP_INFO_MAX);
	return names;
}

struct cgroup_names *cgroup_names_new(void)
{
	struct cgroup_names *names = cgroup_names_new_at(NULL);
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *m;

	names->is_host = true;
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
	cgroup_cache_free(names->by_id);
	cgroup_cache_free(names->by_pid);
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
static void learn(void *context, uint64_t id, const char *path)
{
	struct cgroup_names *names = context;
	size_t at = lower_bound(names, id);

	if (at < names->count && names->name[at].id == id) {
		names->name[at].met = ++names->meetings;
		return;
	}
	if (names->count == CGROUP_NAMES_MAX) {
		names->counts.not_kept++;
		return;
	}
	if (names->count == names->size) {
		names->size = names->size ? 2 * names->size : 64;
		names->name = xrealloc(names->name, names->size * sizeof(*names->name));
	}
	memmove(names->name + at + 1, names->name + at, (names->count - at) * sizeof(*names->name));
	names->name[at] = (struct name){id, xstrdup(path), ++names->meetings};
	names->count++;
}

static int compare_meetings(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

/* Of those that no meeting after `before` was with, keep the half of the limit that was met last.
 */
static void forget(struct cgroup_names *names, uint64_t before)
{
	uint64_t *met, last;
	size_t gone = 0, kept = 0;

	for (size_t i = 0; i < names->count; i++)
		gone += names->name[i].met <= before;
	if (gone <= CGROUP_NAMES_GONE_MAX)
		return;
	met = xcalloc(gone, sizeof(*met));
	for (size_t i = 0, n = 0; i < names->count; i++)
		if (names->name[i].met <= before)
			met[n++] = names->name[i].met;
	qsort(met, gone, sizeof(*met), compare_meetings);
	last = met[gone - CGROUP_NAMES_GONE_MAX / 2 - 1];
	free(met);
	for (size_t i = 0; i < names->count; i++)
		if (names->name[i].met <= last)
			free(names->name[i].path);
		else
			names->name[kept++] = names->name[i];
	names->count = kept;
}

/* 0, or -errno if a cgroup that is there may not have been met. */
static int walk(struct cgroup_names *names)
{
	uint64_t begin_ns = now_ns(), before = names->meetings, not_kept = names->counts.not_kept;
	uint64_t end_ns;
	int err = cgroup_walk(names->mount, learn, names);

	if (!err)
		forget(names, before);
	if (!err && names->counts.not_kept != not_kept)
		err = -ENOSPC;
	end_ns = now_ns();
	names->pause_until_ns = end_ns + PAUSE_TIMES * (end_ns - begin_ns);
	return err;
}

void cgroup_names_refresh(struct cgroup_names *names)
{
	if (names->mount)
		walk(names);
}

void cgroup_names_leave_host(struct cgroup_names *names)
{
	free(names->mount);
	names->mount = NULL;
	names->is_host = false;
}

void cgroup_names_learn(struct cgroup_names *names, uint64_t id, const char *path)
{
	if (names->count == CGROUP_NAMES_MAX)
		forget(names, names->meetings);
	learn(names, id, path);
}

static const char *name_of(const struct cgroup_names *names, uint64_t id)
{
	size_t at = lower_bound(names, id);

	return at < names->count && names->name[at].id == id ? names->name[at].path : NULL;
}

static const struct cgroup_info unknown = {.path = NULL};

const struct cgroup_info *cgroup_info(struct cgroup_names *names, uint64_t id)
{
	const struct cgroup_info *known = cgroup_cache_find(names->by_id, id);
	const char *path;
	uint64_t ns;

	if (known)
		return known;
	path = name_of(names, id);
	ns = now_ns();
	if (!path && names->mount) {
		if (ns < names->pause_until_ns) {
			names->counts.postponed++;
			return &unknown;
		}
		if (walk(names) && !name_of(names, id))
			return &unknown;
		path = name_of(names, id);
		names->counts.gone += !path;
	}
	return names->mount || path ? cgroup_cache_put(names->by_id, id, path, ns) : &unknown;
}

const struct cgroup_info *cgroup_info_of_pid(struct cgroup_names *names, uint32_t pid)
{
	const struct cgroup_info *known = cgroup_cache_find(names->by_pid, pid);
	char path[CGROUP_PATH_SIZE];
	uint64_t ns = now_ns();

	if (!names->is_host)
		return &unknown;
	if (known && ns - known->learnt_ns < PID_FRESH_NS)
		return known;
	if (!cgroup_of_pid(pid, path))
		return cgroup_cache_put(names->by_pid, pid, path, ns);
	return known ? known : &unknown;
}

const char *cgroup_path(struct cgroup_names *names, uint64_t id)
{
	const struct cgroup_info *info = cgroup_info(names, id);

	return info->is_gone ? NULL : info->path;
}

struct cgroup_counts cgroup_counts(const struct cgroup_names *names)
{
	struct cgroup_counts counts = names->counts;

	counts.replaced =
		cgroup_cache_replaced(names->by_id) + cgroup_cache_replaced(names->by_pid);
	return counts;
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
