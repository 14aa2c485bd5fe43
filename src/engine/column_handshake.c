// SPDX-License-Identifier: BSD-2-Clause
#include "engine/column_handshake.h"

#include <stdbool.h>

#include "engine/clock.h"
#include "engine/names.h"

#define COLUMN(name) struct value column_##name(const struct row *r)

/* A listener does not know whose SYNs it dropped. */
static bool has_client(const struct row *r)
{
	return r->handshake && r->handshake->outcome != OUTCOME_LISTEN_DROP;
}

/* Of a handshake: its client's end or its server's, whichever of them is local. */
static bool client_is_local(const struct row *r)
{
	return r->ident->role != ROLE_ACCEPT;
}

COLUMN(client_addr)
{
	if (!has_client(r))
		return value_none();
	return (struct value){.type = VALUE_ADDR,
			      .addr = client_is_local(r) ? &r->ident->laddr : &r->ident->raddr};
}

COLUMN(client_port)
{
	if (!has_client(r))
		return value_none();
	return value_uint(client_is_local(r) ? r->ident->lport : r->ident->rport);
}

COLUMN(server_addr)
{
	if (!r->handshake)
		return value_none();
	return (struct value){.type = VALUE_ADDR,
			      .addr = client_is_local(r) ? &r->ident->raddr : &r->ident->laddr};
}

COLUMN(server_port)
{
	if (!r->handshake)
		return value_none();
	return value_uint(client_is_local(r) ? r->ident->rport : r->ident->lport);
}

COLUMN(started)
{
	static _Thread_local char text[32];
	size_t len;

	if (!r->handshake || !r->handshake->first_ns)
		return value_none();
	len = clock_format_rfc3339(r->context->clock, r->handshake->first_ns, text);
	return value_chars(text, len);
}

COLUMN(outcome)
{
	return r->handshake ? value_text(outcome_name(r->handshake->outcome)) : value_none();
}

COLUMN(direction)
{
	return r->handshake ? value_text(direction_name(r->handshake->directions)) : value_none();
}

COLUMN(dup_syn)
{
	return has_client(r) ? value_uint(r->handshake->dup_syn) : value_none();
}

COLUMN(dup_syn_ack)
{
	return has_client(r) ? value_uint(r->handshake->dup_syn_ack) : value_none();
}

COLUMN(retry)
{
	return has_client(r) ? value_uint(r->handshake->retry) : value_none();
}

COLUMN(dropped)
{
	if (!r->handshake || r->handshake->outcome != OUTCOME_LISTEN_DROP)
		return value_none();
	return value_uint(r->handshake->dropped);
}

COLUMN(conn_state)
{
	if (!r->handshake || !r->handshake->conn_state[0])
		return value_none();
	return value_chars(r->handshake->conn_state, 8);
}

COLUMN(icmp)
{
	if (!r->handshake || !r->handshake->icmp[0])
		return value_none();
	return value_chars(r->handshake->icmp, sizeof(r->handshake->icmp));
}
