// SPDX-License-Identifier: BSD-2-Clause
#include "engine/row.h"

struct row row_of_event(struct row_context *context, const struct event *ev)
{
	bool has_ident = ev->head.flags & EV_HAS_IDENT;

	return (struct row){
		.context = context,
		.time_ns = has_ident ? ev->time_ns : 0,
		.id = ev->head.id,
		.state = ev->head.state,
		.end_reason = ev->head.end_reason,
		.error = ev->head.error,
		.flows = 1,
		.count = ev->count,
		.ident = has_ident ? &ev->ident : NULL,
		.handshake = ev->head.kind == EV_HANDSHAKE ? &ev->handshake : NULL,
	};
}
