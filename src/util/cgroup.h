// SPDX-License-Identifier: BSD-2-Clause
/*
 * From a cgroup's number to its path. The number is the inode of its directory below the cgroup v2
 * mount, so this needs no privilege; it only sees cgroups that still exist at the first question.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct cgroup_names;

/* Find the cgroup v2 mount. Gives; free with cgroup_names_free(). Never NULL. */
struct cgroup_names *cgroup_names_new(void);
void cgroup_names_free(struct cgroup_names *names);

/* Where cgroup v2 is mounted; NULL if it is not. Borrowed. */
const char *cgroup_names_mount(const struct cgroup_names *names);

/* Is there a cgroup v2 mount? */
bool cgroup_names_has_mount(const struct cgroup_names *names);

/* Read all present cgroups now, so that those which end soon keep their names. */
void cgroup_names_refresh(struct cgroup_names *names);

/* "/system.slice/x.service", or NULL if it is not known. Borrowed until cgroup_names_free(). */
const char *cgroup_path(struct cgroup_names *names, uint64_t id);

/*
 * The number of the cgroup whose directory is `path`: below the mount if it begins with the mount
 * point, else as given, else relative to the mount. Returns 0 or -errno; -EINVAL: no cgroup v2.
 */
int cgroup_id_of(struct cgroup_names *names, const char *path, uint64_t *ret_id);

/* Is `id` the cgroup `ancestor` or below it? False if a name is not known. */
bool cgroup_is_below(struct cgroup_names *names, uint64_t id, uint64_t ancestor);
