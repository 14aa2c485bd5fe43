// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcpdump's filter language, for flows: libpcap compiles the expression, and its program is run
 * over the header bytes that a packet of the flow would have. Local is src, remote is dst.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/*
 * The same of an expression into which others were put that the tuple does not tell: FLOW_FILTER_MARK
 * holds if the bit of that value is set in `marks` (of 8 bits), which whoever asks has worked out. It is
 * one word, so that what is wrong behind it is found.
 */
#define FLOW_FILTER_MARK "(ip[1]&%u!=0||ip6[2]&%u!=0)"

struct flow_filter *flow_filter_new_marked(const char *expression, char *text, size_t size,
					   size_t *ret_at);
bool flow_filter_matches_marked(const struct flow_filter *f, const struct ev_ident *ident,
				uint8_t marks);
