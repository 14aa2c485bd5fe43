// SPDX-License-Identifier: BSD-2-Clause
#include "engine/column_workload.h"

#include <string.h>

#include "engine/community_id.h"
#include "util/cgroup.h"

/* Beside cgroup v1 sockets may be in the root of v2: then their process tells more. */
static const struct cgroup_info *info_of(const struct row *r)
{
	static const struct cgroup_info none = {.path = NULL};
	struct cgroup_names *names = r->context->cgroups;
	const struct ev_ident *id = r->ident;
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

static struct value text_or_none(const char *text)
{
	return *text ? value_text(text) : value_none();
}

struct value column_unit(const struct row *r)
{
	return text_or_none(info_of(r)->workload.unit);
}

struct value column_container(const struct row *r)
{
	return text_or_none(info_of(r)->workload.container);
}

struct value column_pod(const struct row *r)
{
	return text_or_none(info_of(r)->workload.pod);
}

/* A listener has no other end. */
struct value column_community_id(const struct row *r)
{
	static _Thread_local char text[COMMUNITY_ID_SIZE];

	if (!r->ident || !r->ident->rport)
		return value_none();
	community_id(&r->ident->laddr, r->ident->lport, &r->ident->raddr, r->ident->rport, text);
	return value_text(text);
}
