// SPDX-License-Identifier: BSD-2-Clause
/*
 * Whose work a cgroup is, as its path tells: the systemd unit, the container and the pod. The path
 * is read from its end, component by component; the innermost one that says something wins, for
 * each of the three by itself, so a pod of kind is found within the container that is kind's node.
 * Whoever may make cgroups may also call them what he likes: this is a name, not a proof.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* A name in the cgroup tree has at most 255 bytes (NAME_MAX). "kubernetes:" is the longest runtime.
 */
#define WORKLOAD_UNIT_SIZE 256
#define WORKLOAD_CONTAINER_SIZE (11 + 256)
#define WORKLOAD_POD_SIZE 37

/* An id of 64 digits is shown by so many of them, as the runtimes' own tools do. */
#define WORKLOAD_ID_SHOWN 12

/* Terminated texts, "" where there is none. They may hold any byte but '/' and NUL. */
struct workload {
	char unit[WORKLOAD_UNIT_SIZE];		 /* "nginx.service", \x2d written as '-' */
	char container[WORKLOAD_CONTAINER_SIZE]; /* "docker:0123456789ab", "lxc:web" */
	char pod[WORKLOAD_POD_SIZE]; /* its uid; of a static pod 32 digits without dashes */
};

/*
 * Read the `len` bytes of `path`, as /proc/PID/cgroup or a walk through the cgroup mount gives it;
 * any bytes are allowed. Fills all of `*ret`.
 */
void workload_read(const char *path, size_t len, struct workload *ret);

/*
 * Is the unit what `pattern` says? A name, or a glob as fnmatch(3) takes it, in which a backslash
 * is itself; ".service" may be left out; "" stands for no unit. The time that a glob takes grows
 * fast with its stars: it must come from whoever runs the program.
 */
bool workload_matches_unit(const struct workload *w, const char *pattern);

/* The least that may be given of an id, when the runtime is not. */
#define WORKLOAD_PREFIX_MIN 6

/*
 * Is the container what `pattern` says? "runtime:" and any beginning of its id or name, or the
 * beginning alone, of WORKLOAD_PREFIX_MIN characters or more; a whole name may be shorter. An id
 * may be given to all of its 64 digits, of which the first WORKLOAD_ID_SHOWN are compared. ""
 * stands for no container.
 */
bool workload_matches_container(const struct workload *w, const char *pattern);
