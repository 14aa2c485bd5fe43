// SPDX-License-Identifier: BSD-2-Clause
#include "engine/workload_key.h"
void workload_key_unit(struct cgroup_names *cgroups, const struct ev_ident *id, uint64_t ret[2])
{
	(void)cgroups; ret[0] = id->cgroup_id; ret[1] = 0;
}
void workload_key_container(struct cgroup_names *cgroups, const struct ev_ident *id,
			    uint64_t ret[2])
{
	(void)cgroups; ret[0] = id->cgroup_id; ret[1] = 0;
}
