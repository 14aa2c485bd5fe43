// SPDX-License-Identifier: BSD-2-Clause
/*
 * A list of address prefixes, each with a name. Two questions: the first prefix of the list that
 * holds an address, or the longest. The cost of an answer grows with the number of different prefix
 * lengths in use (at most 33 + 129), not with the number of prefixes.
 *
 * An IPv4 prefix is kept as one of its v4-mapped form; an IPv6 prefix never holds an IPv4 address,
 * however short it is.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/addr.h"

#define PREFIX_NONE UINT32_MAX
#define PREFIX_V4_BITS 96

struct prefix {
	struct addr addr;  /* masked */
	uint8_t bits;	   /* of the 16-byte form: that of IPv4 is longer by PREFIX_V4_BITS */
	bool v4;
	const char *text;  /* as typed, without the name; given to the set */
	const char *name;  /* what is shown; given to the set; may be `text` */
	uint32_t group;	   /* position of the first prefix of the same name */
};

struct prefix_set;

struct prefix_set *prefix_set_new(void);
/* Frees the texts of the prefixes too. Accepts NULL. */
void prefix_set_free(struct prefix_set *set);

/* Append one; `addr` need not be masked. `text` and `name` are taken over (allocated). */
void prefix_set_add(struct prefix_set *set, const struct addr *addr, unsigned bits, char *text,
		    char *name);

size_t prefix_set_count(const struct prefix_set *set);
const struct prefix *prefix_set_get(const struct prefix_set *set, uint32_t position);
bool prefix_set_has_v6(const struct prefix_set *set);

/* Position of the first prefix that holds `addr`, or of the longest; PREFIX_NONE if none does. */
uint32_t prefix_set_first(const struct prefix_set *set, const struct addr *addr);
uint32_t prefix_set_longest(const struct prefix_set *set, const struct addr *addr);
