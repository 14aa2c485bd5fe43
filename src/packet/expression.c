// SPDX-License-Identifier: BSD-2-Clause
#include "packet/expression.h"

#include <string.h>

/* `prefix_len` bits are equal. */
static bool addr_is_within(const struct addr *a, const struct addr *net, uint8_t prefix_len)
{
	unsigned int bytes = prefix_len / 8, bits = prefix_len % 8;

	if (memcmp(a->byte, net->byte, bytes) != 0)
		return false;
	return !bits || !((a->byte[bytes] ^ net->byte[bytes]) >> (8 - bits));
}

static bool addr_matches(const struct expression_term *term, const struct addr *remote)
{
	if (term->any_addr)
		return true;
	/* ::/0 is any IPv6 address, and a v4-mapped one is not meant by it. */
	if (addr_is_v4(remote) != (term->prefix_len >= 96 && addr_is_v4(&term->addr)))
		return false;
	return addr_is_within(remote, &term->addr, term->prefix_len);
}

bool expression_matches(const struct expression *e, enum expression_direction direction,
			const struct addr *remote, uint16_t server_port)
{
	if (e->direction != direction)
		return false;
	for (unsigned int i = 0; i < e->term_count; i++) {
		const struct expression_term *term = &e->term[i];

		if ((term->any_port || term->port == server_port) && addr_matches(term, remote))
			return true;
	}
	return false;
}

bool expression_excludes(const struct expression *e, size_t count,
			 enum expression_direction direction, const struct addr *remote,
			 uint16_t server_port)
{
	for (size_t i = 0; i < count; i++)
		if (expression_is_exclusion(&e[i]) &&
		    expression_matches(&e[i], direction, remote, server_port))
			return true;
	return false;
}
