// SPDX-License-Identifier: BSD-2-Clause
#include "engine/tuple_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/value.h"
#include "util/out.h"
#include "util/parse.h"
#include "util/xalloc.h"

#define PORT_ANY (-1)
/* What the original prints for any port; typed as a port it is that port here. */
#define PORT_ANY_PRINTED 65535
#define HALF_MAX 127

struct half {
	struct addr addr, mask;
	bool any; /* of either family */
	int port;
};

struct tuple_filter {
	struct half local, remote;
};

struct tuple_filters {
	struct tuple_filter *filter;
	size_t count;
};

struct tuple_filters *tuple_filters_new(void)
{
	return xcalloc(1, sizeof(struct tuple_filters));
}

void tuple_filters_free(struct tuple_filters *f)
{
	if (!f)
		return;
	free(f->filter);
	free(f);
}

static void set_mask(struct addr *mask, unsigned bits)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits > 8 * i ? bits - 8 * i : 0;

		mask->byte[i] = keep >= 8 ? 0xff : (unsigned char)(0xff00u >> keep);
	}
}

static int parse_bits(const char *text, unsigned max, unsigned *ret)
{
	uint64_t n;
	size_t at;

	if (parse_uint(text, 0, max, &n, &at))
		return -EINVAL;
	*ret = (unsigned)n;
	return 0;
}

/* "10.*.3.*", each byte a number or '*'. */
static int parse_v4(char *text, struct half *ret)
{
	char *save = NULL, *byte = strtok_r(text, ".", &save);
	struct addr mask;
	int i = 12;

	addr_set_v4(&ret->addr, 0);
	set_mask(&mask, 128);
	for (; byte && i < 16; byte = strtok_r(NULL, ".", &save), i++) {
		uint64_t n = 0;
		size_t at;

		if (!strcmp(byte, "*"))
			mask.byte[i] = 0;
		else if (parse_uint(byte, 0, 255, &n, &at))
			return -EINVAL;
		ret->addr.byte[i] = (unsigned char)n;
	}
	ret->mask = mask;
	/* Four wildcards mean every address, of IPv6 too. */
	ret->any = !mask.word_be[3];
	return i == 16 && !byte ? 0 : -EINVAL;
}

static int parse_addr(char *text, bool v6, struct half *ret)
{
	char *slash = strchr(text, '/');
	unsigned bits = 128;

	if (!strcmp(text, "*")) {
		ret->any = true;
		addr_set_v4(&ret->addr, 0);
		return 0;
	}
	if (slash) {
		*slash++ = '\0';
		if (parse_bits(slash, v6 ? 128 : 32, &bits))
			return -EINVAL;
		bits += v6 ? 0 : 96;
	}
	if (v6 ? inet_pton(AF_INET6, text, ret->addr.byte) != 1 : parse_v4(text, ret))
		return -EINVAL;
	if (v6 || slash)
		set_mask(&ret->mask, bits);
	for (int i = 0; i < 4; i++)
		ret->addr.word_be[i] &= ret->mask.word_be[i];
	return 0;
}

static int parse_port(const char *text, int *ret)
{
	uint64_t n;
	size_t at;

	if (!strcmp(text, "*")) {
		*ret = PORT_ANY;
		return 0;
	}
	if (parse_uint(text, 0, 65535, &n, &at))
		return -EINVAL;
	*ret = (int)n;
	return 0;
}

/* One side: "ADDRESS:PORT"; an IPv6 address is in brackets, its length within or after them. */
static int parse_half(const char *text, size_t len, struct half *ret, char *why, size_t why_size)
{
	char part[HALF_MAX + 1], addr[HALF_MAX + 1], *colon, *close;
	bool v6 = text[0] == '[';

	if (len > HALF_MAX) {
		snprintf(why, why_size, "bad address %.60s...", text);
		return -EINVAL;
	}
	memcpy(part, text, len);
	part[len] = '\0';
	colon = strrchr(part, ':');
	close = strchr(part, ']');
	if (!colon || (v6 && (!close || colon < close))) {
		snprintf(why, why_size, "bad address %s", part);
		return -EINVAL;
	}
	*colon++ = '\0';
	if (v6)
		snprintf(addr, sizeof(addr), "%.*s%s", (int)(close - part - 1), part + 1, close + 1);
	else
		snprintf(addr, sizeof(addr), "%s", part);
	if (parse_addr(addr, v6, ret)) {
		snprintf(why, why_size, "bad address %s", part);
		return -EINVAL;
	}
	if (parse_port(colon, &ret->port)) {
		snprintf(why, why_size, "Bad port number %s", colon);
		return -EINVAL;
	}
	return 0;
}

int tuple_filters_add(struct tuple_filters *f, const char *word, char *why, size_t why_size,
		      size_t *ret_at)
{
	struct tuple_filter new = {.local = {.port = PORT_ANY}};
	const char *minus = strchr(word, '-');

	*ret_at = 0;
	if (!minus) {
		snprintf(why, why_size, "bad address %.60s", word);
		return -EINVAL;
	}
	if (parse_half(word, (size_t)(minus - word), &new.local, why, why_size))
		return -EINVAL;
	*ret_at = (size_t)(minus + 1 - word);
	if (parse_half(minus + 1, strlen(minus + 1), &new.remote, why, why_size))
		return -EINVAL;
	f->filter = xrealloc(f->filter, (f->count + 1) * sizeof(*f->filter));
	f->filter[f->count++] = new;
	return 0;
}

static bool half_matches(const struct half *h, const struct addr *a, unsigned port)
{
	if (h->port != PORT_ANY && (unsigned)h->port != port)
		return false;
	for (int i = 0; i < 4 && !h->any; i++)
		if ((a->word_be[i] & h->mask.word_be[i]) != h->addr.word_be[i])
			return false;
	/* ::/0 is IPv6 only. */
	return h->any || addr_is_v4(a) == addr_is_v4(&h->addr);
}

bool tuple_filters_match(const struct tuple_filters *f, const struct ev_ident *ident)
{
	for (size_t i = 0; i < f->count; i++)
		if (half_matches(&f->filter[i].local, &ident->laddr, ident->lport) &&
		    half_matches(&f->filter[i].remote, &ident->raddr, ident->rport))
			return true;
	return !f->count;
}

static unsigned leading_ones(const struct addr *mask)
{
	unsigned bits = 0;

	while (bits < 128 && mask->byte[bits / 8] & (0x80 >> bits % 8))
		bits++;
	return bits;
}

static struct tuple_bound bound_of(const struct half *h)
{
	return (struct tuple_bound){.any = h->any,
				    .addr = h->addr,
				    .bits = h->any ? 0 : leading_ones(&h->mask),
				    .port = h->port};
}

size_t tuple_filters_count(const struct tuple_filters *f)
{
	return f->count;
}

void tuple_filters_bound(const struct tuple_filters *f, size_t i, struct tuple_bound *local,
			 struct tuple_bound *remote)
{
	*local = bound_of(&f->filter[i].local);
	*remote = bound_of(&f->filter[i].remote);
}

static void print_half(const struct half *h, struct out *out)
{
	char text[VALUE_TEXT_MAX];
	size_t len = value_format_addr(&h->addr, text);

	if (h->any || addr_is_v4(&h->addr))
		out_format(out, "%.*s[0x%x]", (int)len, text, h->any ? 0 : ntohl(h->mask.word_be[3]));
	else
		out_format(out, "[%s]/%u", text, leading_ones(&h->mask));
	out_format(out, ":%d", h->port == PORT_ANY ? PORT_ANY_PRINTED : h->port);
}

void tuple_filters_print(const struct tuple_filters *f, struct out *out)
{
	struct tuple_filter all = {.local = {.any = true, .port = PORT_ANY}};

	all.remote = all.local;
	addr_set_v4(&all.local.addr, 0);
	addr_set_v4(&all.remote.addr, 0);
	for (size_t i = 0; i < (f->count ? f->count : 1); i++) {
		const struct tuple_filter *t = f->count ? &f->filter[i] : &all;

		out_format(out, "Processed filter #%zu = ", i + 1);
		print_half(&t->local, out);
		out_str(out, " --> ");
		print_half(&t->remote, out);
		out_str(out, " \n");
	}
}
