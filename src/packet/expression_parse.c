// SPDX-License-Identifier: BSD-2-Clause
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "packet/expression.h"

/* Bytes of the longest address in text, its end included. */
#define ADDR_TEXT_SIZE INET6_ADDRSTRLEN

struct parser {
	const char *text;
	struct expression *e;
	struct expression_error *error;
};

/* A part of the text, by offsets. */
struct part {
	size_t from, to;
};

static int fail_with(const struct parser *p, int code, size_t at, const char *text)
{
	p->error->at = at;
	p->error->text = text;
	return code;
}

static int fail(const struct parser *p, size_t at, const char *text)
{
	return fail_with(p, -EINVAL, at, text);
}

static bool is_wildcard(char c)
{
	return c == '%' || c == '*';
}

static size_t find(const char *text, char c, size_t from, size_t to)
{
	const char *found = memchr(text + from, c, to - from);

	return found ? (size_t)(found - text) : to;
}

/* A decimal number that is all of `part`; -1 if it is none or above `max`. */
static long number_of(const char *text, struct part part, long max)
{
	long value = 0;

	if (part.from == part.to)
		return -1;
	for (size_t at = part.from; at < part.to; at++) {
		if (text[at] < '0' || text[at] > '9')
			return -1;
		value = value * 10 + (text[at] - '0');
		if (value > max)
			return -1;
	}
	return value;
}

/* Ports */

static bool port_of(const char *text, struct part part, struct expression_term *ret)
{
	long value = number_of(text, part, UINT16_MAX);
	bool wildcard = part.to == part.from + 1 && is_wildcard(text[part.from]);

	if (!wildcard && value < 0)
		return false;
	ret->any_port = wildcard || !value;
	ret->port = wildcard ? 0 : (uint16_t)value;
	return true;
}

/* Is `part` a list of ports? If not, `*ret_at` is where the first bad one begins. */
static bool ports_are_good(const char *text, struct part part, size_t *ret_at)
{
	struct expression_term unused;
	size_t from = part.from;

	for (;;) {
		size_t to = find(text, ':', from, part.to);

		*ret_at = from;
		if (!port_of(text, (struct part){from, to}, &unused))
			return false;
		if (to == part.to)
			return true;
		from = to + 1;
	}
}

/* Addresses */

static void clear_host_bits(struct addr *a, unsigned int prefix_len)
{
	for (unsigned int i = 0; i < 16; i++) {
		if (i * 8 >= prefix_len)
			a->byte[i] = 0;
		else if (i * 8 + 8 > prefix_len)
			a->byte[i] &= (uint8_t)(0xff << (i * 8 + 8 - prefix_len));
	}
}

/* Are the last `bits` of it zero: all that was written? */
static bool is_zero(const struct addr *a, long bits)
{
	for (long i = 16 - bits / 8; i < 16; i++)
		if (a->byte[i])
			return false;
	return true;
}

/* An address without prefix; `*ret_bits` is how long a prefix of it may be. */
static bool bare_addr_of(const char *text, struct part part, struct addr *ret, long *ret_bits)
{
	char buffer[ADDR_TEXT_SIZE];
	size_t len = part.to - part.from;
	uint32_t v4_be;

	if (len >= sizeof(buffer))
		return false;
	memcpy(buffer, text + part.from, len);
	buffer[len] = 0;
	if (inet_pton(AF_INET, buffer, &v4_be) == 1) {
		addr_set_v4(ret, v4_be);
		*ret_bits = 32;
		return true;
	}
	*ret_bits = 128;
	return inet_pton(AF_INET6, buffer, ret) == 1;
}

static void set_network(struct expression_term *term, const struct addr *a, long bits,
			long prefix_len)
{
	term->any_addr = false;
	term->addr = *a;
	term->prefix_len = (uint8_t)(128 - bits + prefix_len);
	clear_host_bits(&term->addr, term->prefix_len);
}

/* `addr` of the grammar, without brackets around it. */
static bool network_of(const char *text, struct part part, struct expression_term *ret)
{
	size_t slash = find(text, '/', part.from, part.to);
	long bits, prefix_len;
	struct addr a;

	if (!bare_addr_of(text, (struct part){part.from, slash}, &a, &bits))
		return false;
	prefix_len = bits;
	if (slash < part.to)
		prefix_len = number_of(text, (struct part){slash + 1, part.to}, bits);
	/* As in tcpeek, where 0.0.0.0 with any prefix was a wildcard. */
	if (is_zero(&a, bits) && (slash == part.to || (bits == 32 && prefix_len > 0)))
		prefix_len = 0;
	if (prefix_len < 0)
		return false;
	set_network(ret, &a, bits, prefix_len);
	return true;
}

static bool addr_of(const char *text, struct part part, struct expression_term *ret)
{
	if (part.to == part.from + 1 && is_wildcard(text[part.from])) {
		ret->any_addr = true;
		return true;
	}
	return network_of(text, part, ret);
}

/* Rules */

static int add_terms(const struct parser *p, struct expression_term term, struct part ports)
{
	struct expression *e = p->e;
	size_t from = ports.from;

	for (;;) {
		size_t to = find(p->text, ':', from, ports.to);

		if (e->term_count == EXPRESSION_TERMS_MAX)
			return fail_with(p, -E2BIG, from, "too many addresses and ports");
		port_of(p->text, (struct part){from, to}, &term);
		e->term[e->term_count++] = term;
		if (to == ports.to)
			return 0;
		from = to + 1;
	}
}

static int parse_ports(const struct parser *p, struct expression_term term, size_t colon, size_t to)
{
	struct part ports = {colon + 1, to};
	size_t bad;

	if (colon == to)
		return fail(p, to, "a port must follow the address");
	if (!ports_are_good(p->text, ports, &bad))
		return fail(p, bad, "not a port: 0 to 65535, % or *");
	return add_terms(p, term, ports);
}

/* "[" ip "]" "/" prefix, as it would be without brackets. */
static bool unbracketed_of(const char *text, struct part inside, struct part prefix,
			   struct expression_term *ret)
{
	size_t ip_len = inside.to - inside.from, prefix_len = prefix.to - prefix.from;
	char plain[ADDR_TEXT_SIZE + 4];

	if (ip_len + prefix_len >= sizeof(plain))
		return false;
	memcpy(plain, text + inside.from, ip_len);
	memcpy(plain + ip_len, text + prefix.from, prefix_len);
	return network_of(plain, (struct part){0, ip_len + prefix_len}, ret);
}

static int parse_bracketed(const struct parser *p, struct part rule)
{
	size_t close = find(p->text, ']', rule.from, rule.to);
	size_t colon = find(p->text, ':', close, rule.to);
	struct part inside = {rule.from + 1, close}, prefix = {close + 1, colon};
	struct expression_term term;
	bool good;

	if (close == rule.to)
		return fail(p, rule.from, "the bracket is not closed");
	if (prefix.from < prefix.to && p->text[prefix.from] != '/')
		return fail(p, prefix.from, "\":\" and a port must follow the address");
	good = prefix.from < prefix.to ? unbracketed_of(p->text, inside, prefix, &term)
				       : network_of(p->text, inside, &term);
	if (!good)
		return fail(p, inside.from, "not an address, or not a prefix length");
	return parse_ports(p, term, colon, rule.to);
}

/* At how many colons may the address end? The last of them and what it would mean are returned. */
static int count_readings(const char *text, struct part rule, struct expression_term *ret_term,
			  size_t *ret_colon)
{
	size_t colon = find(text, ':', rule.from, rule.to), unused_at;
	struct expression_term term;
	int readings = 0;

	for (; colon < rule.to; colon = find(text, ':', colon + 1, rule.to)) {
		if (!addr_of(text, (struct part){rule.from, colon}, &term) ||
		    !ports_are_good(text, (struct part){colon + 1, rule.to}, &unused_at))
			continue;
		readings++;
		*ret_colon = colon;
		*ret_term = term;
	}
	return readings;
}

/*
 * Without brackets the colon that ends the address is looked for: with IPv6 there may be several
 * that leave an address on the left and ports on the right, or it may be all address.
 */
static int parse_plain(const struct parser *p, struct part rule)
{
	struct part before_colon = {rule.from, find(p->text, ':', rule.from, rule.to)};
	struct expression_term term, unused;
	size_t colon = before_colon.to;
	bool all_address;
	int readings;

	if (addr_of(p->text, before_colon, &term))
		return parse_ports(p, term, colon, rule.to);
	readings = count_readings(p->text, rule, &term, &colon);
	all_address = addr_of(p->text, rule, &unused);
	if (readings + all_address > 1)
		return fail(p, rule.from, "where does the IPv6 address end? put it in brackets");
	if (readings)
		return parse_ports(p, term, colon, rule.to);
	if (all_address)
		return fail(p, rule.to, "a port must follow the address");
	return fail(p, rule.from, "not an address");
}

static int parse_rules(const struct parser *p, size_t from)
{
	size_t end = from + strlen(p->text + from);
	int r = 0;

	for (;;) {
		struct part rule = {from, find(p->text, ',', from, end)};

		if (rule.from == rule.to)
			return fail(p, from, "an address is missing");
		r = p->text[from] == '[' ? parse_bracketed(p, rule) : parse_plain(p, rule);
		if (r || rule.to == end)
			return r;
		from = rule.to + 1;
	}
}

int expression_parse(const char *text, struct expression *ret, struct expression_error *ret_error)
{
	const struct parser p = {.text = text, .e = ret, .error = ret_error};
	size_t colon = find(text, ':', 0, strlen(text));

	memset(ret, 0, sizeof(*ret));
	if (!text[colon])
		return fail(&p, colon, "\":\" must follow the name");
	if (colon > EXPRESSION_NAME_MAX)
		return fail_with(&p, -E2BIG, EXPRESSION_NAME_MAX, "the name is too long");
	memcpy(ret->name, text, colon);
	if (strncmp(text + colon + 1, "RX@", 3) != 0 && strncmp(text + colon + 1, "TX@", 3) != 0)
		return fail(&p, colon + 1, "RX@ or TX@ must follow");
	ret->direction = text[colon + 1] == 'R' ? EXPRESSION_RX : EXPRESSION_TX;
	return parse_rules(&p, colon + 4);
}
