// SPDX-License-Identifier: BSD-2-Clause
#include "packet/icmp.h"

#include <stddef.h>

struct code {
	const char *name;
	enum icmp_meaning meaning;
};

struct type {
	uint8_t type;
	uint8_t code_count;
	const struct code *code;
	/* Of the codes not listed. */
	const char *other_name;
	enum icmp_meaning other_meaning;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * RFC 792 and RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1. Soft by RFC 1122 section
 * 4.2.3.9: 0, 1 and 5. Codes 11 and 12 are the type-of-service twins of 0 and 1. Code 4 is path
 * MTU discovery (RFC 1191), not an end.
 */
static const struct code unreachable4[] = {
	[0] = {"net-unreachable", ICMP_SOFT},
	[1] = {"host-unreachable", ICMP_SOFT},
	[2] = {"protocol-unreachable", ICMP_HARD},
	[3] = {"port-unreachable", ICMP_HARD},
	[4] = {"fragmentation-needed", ICMP_NOTHING},
	[5] = {"source-route-failed", ICMP_SOFT},
	[6] = {"net-unknown", ICMP_HARD},
	[7] = {"host-unknown", ICMP_HARD},
	[8] = {"source-host-isolated", ICMP_HARD},
	[9] = {"net-prohibited", ICMP_HARD},
	[10] = {"host-prohibited", ICMP_HARD},
	[11] = {"net-unreachable-tos", ICMP_SOFT},
	[12] = {"host-unreachable-tos", ICMP_SOFT},
	[13] = {"admin-prohibited", ICMP_HARD},
	[14] = {"host-precedence-violation", ICMP_HARD},
	[15] = {"precedence-cutoff", ICMP_HARD},
};

static const struct code time_exceeded[] = {
	[0] = {"hop-limit-exceeded", ICMP_SOFT},
	[1] = {"reassembly-timeout", ICMP_SOFT},
};

static const struct code parameter_problem4[] = {
	[0] = {"bad-header", ICMP_SOFT},
	[1] = {"option-missing", ICMP_SOFT},
	[2] = {"bad-length", ICMP_SOFT},
};

/* RFC 4443 section 3.1; code 7 is RFC 6550, code 8 RFC 8883. Soft by RFC 5461 section 2.2: 0, 3. */
static const struct code unreachable6[] = {
	[0] = {"no-route", ICMP_SOFT},	       [1] = {"admin-prohibited", ICMP_HARD},
	[2] = {"beyond-scope", ICMP_SOFT},     [3] = {"address-unreachable", ICMP_SOFT},
	[4] = {"port-unreachable", ICMP_HARD}, [5] = {"policy-failed", ICMP_HARD},
	[6] = {"reject-route", ICMP_HARD},     [7] = {"source-routing-header", ICMP_SOFT},
	[8] = {"headers-too-long", ICMP_SOFT},
};

static const struct code too_big6[] = {
	[0] = {"packet-too-big", ICMP_NOTHING},
};

/* RFC 4443 section 3.4, RFC 7112, RFC 8754, RFC 8883. */
static const struct code parameter_problem6[] = {
	[0] = {"bad-header", ICMP_SOFT},
	[1] = {"unknown-next-header", ICMP_HARD},
	[2] = {"unknown-option", ICMP_SOFT},
	[3] = {"incomplete-header-chain", ICMP_SOFT},
	[4] = {"segment-routing-upper-layer", ICMP_SOFT},
	[5] = {"next-header-not-forwarded", ICMP_SOFT},
	[6] = {"extension-header-too-big", ICMP_SOFT},
	[7] = {"header-chain-too-long", ICMP_SOFT},
	[8] = {"too-many-extension-headers", ICMP_SOFT},
	[9] = {"too-many-options", ICMP_SOFT},
	[10] = {"option-too-big", ICMP_SOFT},
};

/* A code nobody has assigned yet is no reason to give up: soft. */
static const struct type type4[] = {
	{3, COUNT(unreachable4), unreachable4, "unreachable", ICMP_SOFT},
	{11, COUNT(time_exceeded), time_exceeded, "time-exceeded", ICMP_SOFT},
	{12, COUNT(parameter_problem4), parameter_problem4, "parameter-problem", ICMP_SOFT},
};

static const struct type type6[] = {
	{1, COUNT(unreachable6), unreachable6, "unreachable", ICMP_SOFT},
	{2, COUNT(too_big6), too_big6, "packet-too-big", ICMP_NOTHING},
	{3, COUNT(time_exceeded), time_exceeded, "time-exceeded", ICMP_SOFT},
	{4, COUNT(parameter_problem6), parameter_problem6, "parameter-problem", ICMP_SOFT},
};

static const struct type *find_type(uint8_t family, uint8_t type)
{
	const struct type *list = family == 6 ? type6 : type4;
	size_t count = family == 6 ? COUNT(type6) : COUNT(type4);

	for (size_t i = 0; i < count; i++)
		if (list[i].type == type)
			return &list[i];
	return NULL;
}

enum icmp_meaning icmp_meaning(uint8_t family, uint8_t type, uint8_t code)
{
	const struct type *t = find_type(family, type);

	if (!t)
		return ICMP_NOTHING;
	return code < t->code_count ? t->code[code].meaning : t->other_meaning;
}

const char *icmp_name(uint8_t family, uint8_t type, uint8_t code)
{
	const struct type *t = find_type(family, type);

	if (!t)
		return "other";
	return code < t->code_count ? t->code[code].name : t->other_name;
}

bool icmp_is_too_big(uint8_t family, uint8_t type, uint8_t code)
{
	return family == 6 ? type == 2 : type == 3 && code == 4;
}
