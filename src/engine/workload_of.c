// SPDX-License-Identifier: BSD-2-Clause
#include "engine/workload_of.h"

#include <string.h>

#include "util/cgroup.h"

const struct cgroup_info *workload_of(struct cgroup_names *names, const struct ev_ident *id)
{
	static const struct cgroup_info none = {.path = NULL};
	const struct cgroup_info *info = &none, *of_process;

	if (!id || !names)
		return &none;
	if (id->cgroup_id)
		info = cgroup_info(names, id->cgroup_id);
	if (!id->owner_source || (id->cgroup_id && (!info->path || strcmp(info->path, "/"))))
		return info;
	of_process = cgroup_info_of_pid(names, id->pid);
	return of_process->path ? of_process : info;
}

/* FNV-1a twice, from two offsets: names are few, and whoever chooses them gains nothing here. */
void workload_key(const char *name, uint64_t ret[2])
{
	uint64_t h[2] = {0xcbf29ce484222325ull, 0x6c62272e07bb0142ull};

	ret[0] = ret[1] = 0;
	if (!*name)
		return;
	for (; *name; name++)
		for (int i = 0; i < 2; i++)
			h[i] = (h[i] ^ (unsigned char)*name) * (0x100000001b3ull + 2 * (unsigned)i);
	ret[0] = h[0];
	ret[1] = h[1] | 1;
}
