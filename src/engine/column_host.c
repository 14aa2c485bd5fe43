// SPDX-License-Identifier: BSD-2-Clause
#include "engine/column_host.h"

#include <sys/utsname.h>

#include "engine/group.h"
#include "engine/source.h"

uint32_t column_host_of(const struct row_context *context, uint64_t id)
{
	const struct source *s = context->source;

	return s && s->ops->host_of ? s->ops->host_of(s, id) : 0;
}

/* Packets and events in a file do not say where they are from. */
static struct value this_machine(const struct source *s)
{
	static struct utsname u;

	if (s->offline || (!u.nodename[0] && uname(&u)))
		return value_none();
	return value_text(u.nodename);
}

struct value column_host(const struct row *r)
{
	const struct source *s = r->context->source;
	const char *name;

	if (!s || r->is_others)
		return value_none();
	if (!s->ops->host_name)
		return this_machine(s);
	name = s->ops->host_name(s, r->key ? r->key->host : column_host_of(r->context, r->id));
	return name && *name ? value_text(name) : value_none();
}
