// SPDX-License-Identifier: BSD-2-Clause
#include "engine/column_workload.h"

#include "engine/community_id.h"
#include "engine/workload_of.h"
#include "util/cgroup.h"

static const struct workload *workload(const struct row *r, enum row_share share)
{
	return &workload_of(r->context->cgroups, row_part(r, share))->workload;
}

static struct value text_or_none(const char *text)
{
	return *text ? value_text(text) : value_none();
}

struct value column_unit(const struct row *r)
{
	return text_or_none(workload(r, SHARE_UNIT)->unit);
}

struct value column_container(const struct row *r)
{
	return text_or_none(workload(r, SHARE_CONTAINER)->container);
}

struct value column_pod(const struct row *r)
{
	return text_or_none(workload(r, SHARE_CONTAINER)->pod);
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
