// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcpeek's filter expressions: which handshakes are counted under which name.
 *
 *	expression := [ name ] ":" dir "@" rule { "," rule }
 *	name       := any characters but ":"; empty: an exclusion filter
 *	dir        := "RX" | "TX"
 *	rule       := addr ":" port { ":" port }
 *	addr       := "%" | "*" | net | "[" net "]" | "[" ip "]" "/" prefix
 *	net        := ip [ "/" prefix ]
 *	prefix     := 0..32 of IPv4, 0..128 of IPv6
 *	port       := "%" | "*" | 0..65535, where 0 is a wildcard too
 *
 * RX are handshakes that come to this host, TX those that it begins. `addr` is the other host,
 * `port` always the port of the server. Host bits of a network are ignored, so 192.168.0.1/24 is
 * 192.168.0.0/24. 0.0.0.0, whatever its prefix, is any IPv4 address; :: is any IPv6 address.
 *
 * IPv6 without brackets is understood where only one reading makes sense: fe80::/10:22 and
 * 2001:db8::1:% do, ::1:80 does not, for it is the address ::1:80 without a port as well as ::1
 * with port 80, and is refused.
 *
 *	struct expression_error error;
 *	struct expression web;
 *
 *	if (expression_parse("web:RX@%:80:443", &web, &error))
 *		...caret below error.at...
 *	if (expression_matches(&web, EXPRESSION_RX, &client, 443)) ...
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/addr.h"

#define EXPRESSION_NAME_MAX 127 /* bytes */
#define EXPRESSION_TERMS_MAX 256

enum expression_direction {
	EXPRESSION_RX,
	EXPRESSION_TX,
};

/* One address with one port: a rule with several ports becomes several terms. */
struct expression_term {
	struct addr addr;   /* host bits cleared */
	uint8_t prefix_len; /* of all 128 bits; IPv4 has 96 more than was written */
	bool any_addr;
	bool any_port;
	uint16_t port;
};

struct expression {
	char name[EXPRESSION_NAME_MAX + 1];
	enum expression_direction direction;
	unsigned int term_count;
	struct expression_term term[EXPRESSION_TERMS_MAX];
};

struct expression_error {
	size_t at;	  /* offset of the character at fault */
	const char *text; /* what is wrong: a constant, lower case, without a full stop */
};

/* Parse `text`, borrowed for the call. 0, or -EINVAL or -E2BIG with `*ret_error` set. */
int expression_parse(const char *text, struct expression *ret, struct expression_error *ret_error);

static inline bool expression_is_exclusion(const struct expression *e)
{
	return !e->name[0];
}

/* Does one of the terms match? However many do, it is one match: a handshake is counted once. */
bool expression_matches(const struct expression *e, enum expression_direction direction,
			const struct addr *remote, uint16_t server_port);

/* Does an exclusion filter among `count` expressions match? Then no filter counts it. */
bool expression_excludes(const struct expression *e, size_t count,
			 enum expression_direction direction, const struct addr *remote,
			 uint16_t server_port);
