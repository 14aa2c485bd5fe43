// SPDX-License-Identifier: BSD-2-Clause
/* Grouping keys for what has a name and no number: equal names give equal keys. */
#pragma once
#include <stdint.h>

#include "abi/event.h"

struct cgroup_names;

/* 128 bits of the name of the unit, or container, of a flow; zeroes if there is none. */
void workload_key_unit(struct cgroup_names *cgroups, const struct ev_ident *id, uint64_t ret[2]);
void workload_key_container(struct cgroup_names *cgroups, const struct ev_ident *id,
			    uint64_t ret[2]);
