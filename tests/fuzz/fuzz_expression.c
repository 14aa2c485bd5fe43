// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any text as a filter expression: it is refused with an offset within the text and a message, or
 * it is understood within the limits, and then means the same when written out again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet/expression.h"

static void require(int truth)
{
	if (!truth)
		abort();
}

/* " addr/prefix:port" of one term, in brackets if IPv6. */
static size_t write_term(const struct expression_term *t, char *out, size_t size)
{
	char addr[INET6_ADDRSTRLEN], port[8] = "%";

	if (!t->any_port)
		snprintf(port, sizeof(port), "%u", t->port);
	if (t->any_addr)
		return (size_t)snprintf(out, size, "%%:%s", port);
	if (t->prefix_len >= 96 && addr_is_v4(&t->addr)) {
		inet_ntop(AF_INET, t->addr.byte + 12, addr, sizeof(addr));
		return (size_t)snprintf(out, size, "%s/%u:%s", addr, t->prefix_len - 96u, port);
	}
	inet_ntop(AF_INET6, &t->addr, addr, sizeof(addr));
	return (size_t)snprintf(out, size, "[%s]/%u:%s", addr, t->prefix_len, port);
}

static void check_written_again(const struct expression *e)
{
	static char text[EXPRESSION_NAME_MAX + EXPRESSION_TERMS_MAX * 64];
	static struct expression again;
	struct expression_error error;
	size_t at = (size_t)snprintf(text, sizeof(text), "%s:%s@", e->name,
				     e->direction == EXPRESSION_RX ? "RX" : "TX");

	for (unsigned int i = 0; i < e->term_count; i++) {
		if (i)
			text[at++] = ',';
		at += write_term(&e->term[i], text + at, sizeof(text) - at);
	}
	require(!expression_parse(text, &again, &error));
	require(again.term_count == e->term_count && again.direction == e->direction);
	require(!strcmp(again.name, e->name));
	for (unsigned int i = 0; i < e->term_count; i++) {
		const struct expression_term *a = &e->term[i], *b = &again.term[i];

		require(a->any_addr == b->any_addr && a->any_port == b->any_port);
		require(a->any_port || a->port == b->port);
		require(a->any_addr || !memcmp(&a->addr, &b->addr, sizeof(a->addr)));
		/* 0.1.2.3/8 is a network, but written as 0.0.0.0/8 it is any address. */
		require(a->any_addr || a->prefix_len == b->prefix_len ||
			(b->prefix_len == 96 && !a->addr.word_be[3]));
		/* A network holds its own first address. */
		require(a->any_addr ||
			expression_matches(e, e->direction, &a->addr, a->any_port ? 7 : a->port));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct expression e;
	struct expression_error error = {.at = SIZE_MAX, .text = NULL};
	char *text = malloc(size + 1);
	int r;

	memcpy(text, data, size);
	text[size] = 0;
	r = expression_parse(text, &e, &error);
	if (r) {
		require(r == -EINVAL || r == -E2BIG);
		require(error.at <= strlen(text) && error.text && error.text[0]);
	} else {
		require(e.term_count >= 1 && e.term_count <= EXPRESSION_TERMS_MAX);
		require(strlen(e.name) <= EXPRESSION_NAME_MAX);
		check_written_again(&e);
	}
	free(text);
	return 0;
}
