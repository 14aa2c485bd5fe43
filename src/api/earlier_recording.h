// SPDX-License-Identifier: BSD-2-Clause
/* One interval of a recording that is still being written, read in pieces. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

struct cgroup_names;
struct earlier_recording;

/*
 * Find the interval that has this moment (microseconds since 1970) in it. Gives, free with
 * earlier_recording_close(); 0, or -errno: then `why` says it.
 */
int earlier_recording_open(struct earlier_recording **ret, const char *path, int64_t wall_us,
			uint32_t flows_max, char *why, size_t why_size);
void earlier_recording_close(struct earlier_recording *r);

/* So many items at most; true: there are more to read. */
bool earlier_recording_read(struct earlier_recording *r, unsigned items);

/* After that: was there such an interval; when, by a clock that is so far behind the wall clock? */
bool earlier_recording_found(const struct earlier_recording *r, uint64_t *ret_from_ns,
			  uint64_t *ret_to_ns, int64_t *ret_offset_ns);

/* As earlier_count() and earlier_get(). */
uint32_t earlier_recording_count(const struct earlier_recording *r);
bool earlier_recording_get(const struct earlier_recording *r, uint32_t i, struct event *ret);

/* Names of cgroups that it tells of. Borrowed. */
struct cgroup_names *earlier_recording_cgroups(const struct earlier_recording *r);
