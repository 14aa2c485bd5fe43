// SPDX-License-Identifier: BSD-2-Clause
#include "engine/column_group.h"

struct value column_group(const struct row *r)
{
	return r->group ? value_text(r->group) : value_none();
}

bool column_service_is_remote(const struct ev_ident *id)
{
	return id->role == ROLE_CONNECT || (id->role == ROLE_UNKNOWN && id->rport < id->lport);
}

struct value column_port(const struct row *r)
{
	if (r->service_port)
		return value_uint(r->service_port);
	if (!r->ident)
		return value_none();
	return value_uint(column_service_is_remote(r->ident) ? r->ident->rport : r->ident->lport);
}

struct value column_busiest(const struct row *r)
{
	if (!r->busiest)
		return value_none();
	return (struct value){
		.type = VALUE_ENDPOINT, .addr = &r->busiest->raddr, .port = r->busiest->rport};
}

struct value column_busiest_pid(const struct row *r)
{
	bool known = r->busiest && r->busiest->owner_source;

	return known ? value_uint(r->busiest->pid) : value_none();
}

struct value column_busiest_comm(const struct row *r)
{
	bool known = r->busiest && r->busiest->owner_source;

	return known ? value_chars(r->busiest->comm, 16) : value_none();
}
