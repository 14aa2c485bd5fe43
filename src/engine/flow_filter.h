// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcpdump's filter language, for flows: libpcap compiles the expression, and its program is run
 * over the header bytes that a packet of the flow would have. Local is src, remote is dst.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "abi/event.h"

struct flow_filter;

/*
 * Compile `expression`. Returns NULL and fills `text` (of `size` bytes) and `*ret_at`, the offset of
 * the first wrong word, if it is not one, or if it asks for what a flow has not (flags, lengths).
 */
struct flow_filter *flow_filter_new(const char *expression, char *text, size_t size,
				    size_t *ret_at);
void flow_filter_free(struct flow_filter *f);

bool flow_filter_matches(const struct flow_filter *f, const struct ev_ident *ident);
