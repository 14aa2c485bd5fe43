// SPDX-License-Identifier: BSD-2-Clause
/*
 * Recordings of several hosts as one, in the order of the wall clock. Clocks that differ are not
 * corrected.
 */
#pragma once
#include <stddef.h>

#include "record/recording.h"

struct recordings;

#define RECORDINGS_MAX 16

/*
 * Open up to RECORDINGS_MAX paths: of each host one, a file or a directory. Gives; free with
 * recordings_close(). Returns 0 or -errno; then `why`, of `why_size` bytes, says what is wrong with
 * which.
 */
int recordings_open(struct recordings **ret, const char *const *path, unsigned count,
		    const struct recording_config *config, char *why, size_t why_size);
void recordings_close(struct recordings *s);

/*
 * As recording_next(); `*ret_host` is which of the paths it is from, also of an error. The ids of
 * flows are different for different hosts (EV_ID_HOST_SHIFT), those of cgroups are
 * recordings_cgroup(), and times are those of the clock that began first. An id of 0, of no flow,
 * has its host too.
 */
int recordings_next(struct recordings *s, struct event *ev, unsigned *ret_host);

/* The number of a cgroup of one host, among those of all. */
uint64_t recordings_cgroup(unsigned host, uint64_t cgroup_id);

unsigned recordings_count(const struct recordings *s);

/* One of them, for what its items say. Borrowed. */
struct recording *recordings_get(const struct recordings *s, unsigned host);
