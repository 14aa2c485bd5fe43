// SPDX-License-Identifier: BSD-2-Clause
/*
 * From a cgroup's number to its path, and to whose work it is. The number is the inode of its
 * directory below the cgroup v2 mount, so this needs no privilege; it only sees cgroups that still
 * exist at the first question. Numbers are not used again.
 *
 * What is not known is looked for by a walk through all cgroups. Walks take at most a fiftieth of
 * the time, whatever is asked; a question that comes too soon after one is not answered yet.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "util/cgroup_cache.h"

/* So many are remembered with all that their paths tell (cgroup_info()). */
#define CGROUP_INFO_MAX 4096
/* So many paths are kept, and so many of them of cgroups that are no more. */
#define CGROUP_NAMES_MAX 65536
#define CGROUP_NAMES_GONE_MAX 4096

struct cgroup_names;

/* Find the cgroup v2 mount. Gives; free with cgroup_names_free(). Never NULL. */
struct cgroup_names *cgroup_names_new(void);
void cgroup_names_free(struct cgroup_names *names);

/*
 * The same of the tree below the folder `mount`, where inodes stand for cgroups, and of no process;
 * NULL: of nothing, for what was recorded elsewhere.
 */
struct cgroup_names *cgroup_names_new_at(const char *mount);

/* Where cgroup v2 is mounted; NULL if it is not. Borrowed. */
const char *cgroup_names_mount(const struct cgroup_names *names);

/* Is there a cgroup v2 mount? */
bool cgroup_names_has_mount(const struct cgroup_names *names);

/* Read all present cgroups now, so that those which end soon keep their names. */
void cgroup_names_refresh(struct cgroup_names *names);

/*
 * The path of a cgroup and what it tells. Never NULL; its path is NULL if it is not known yet.
 * Borrowed until the next question, but what is among the CGROUP_INFO_MAX that were asked for last
 * stays where it is. Allocates if the answer is new.
 */
const struct cgroup_info *cgroup_info(struct cgroup_names *names, uint64_t id);

/*
 * The same by a process of our PID namespace, for hosts where the cgroup of sockets is the root
 * (cgroup_pid.h). The file is read again if the answer is a second old; once the process has
 * ended, the last answer stays, so a number that is used again may show the old one for a second.
 */
const struct cgroup_info *cgroup_info_of_pid(struct cgroup_names *names, uint32_t pid);

/* "/system.slice/x.service", or NULL if it is not known or gone. Borrowed as of cgroup_info(). */
const char *cgroup_path(struct cgroup_names *names, uint64_t id);

/*
 * What was recorded elsewhere: ask this machine nothing more, and learn names as they are read. Of
 * too many, those that were learnt last stay.
 */
void cgroup_names_leave_host(struct cgroup_names *names);
void cgroup_names_learn(struct cgroup_names *names, uint64_t id, const char *path);

struct cgroup_counts {
	uint64_t gone;	    /* cgroups that were no more when they were first asked for */
	uint64_t postponed; /* questions that came too soon after a walk */
	uint64_t replaced;  /* of CGROUP_INFO_MAX: answers that left for others */
	uint64_t not_kept;  /* of CGROUP_NAMES_MAX: paths that did not fit, in each walk */
};

struct cgroup_counts cgroup_counts(const struct cgroup_names *names);

/*
 * The number of the cgroup whose directory is `path`: below the mount if it begins with the mount
 * point, else as given, else relative to the mount. Returns 0 or -errno; -EINVAL: no cgroup v2.
 */
int cgroup_id_of(struct cgroup_names *names, const char *path, uint64_t *ret_id);

/* Is `id` the cgroup `ancestor` or below it? False if a name is not known. */
bool cgroup_is_below(struct cgroup_names *names, uint64_t id, uint64_t ancestor);
