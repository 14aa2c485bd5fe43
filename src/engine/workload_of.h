// SPDX-License-Identifier: BSD-2-Clause
/* Whose work a flow is: the unit, container and pod of its cgroup. */
#pragma once
#include <stdint.h>

#include "abi/event.h"

struct cgroup_info;
struct cgroup_names;

/*
 * What is known by the socket's cgroup; where sockets are in the root of cgroup v2, as beside v1, by
 * that of the process that owns it. Never NULL; `names` may be. Borrowed as of cgroup_info().
 */
const struct cgroup_info *workload_of(struct cgroup_names *names, const struct ev_ident *id);

/* 128 bits of a name, for grouping: equal names give equal keys; "" gives zeroes. */
void workload_key(const char *name, uint64_t ret[2]);
