// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any bytes as what a client sends: the target of a request, its Host, Origin and Authorization, what it
 * accepts, and where a server is to listen. The first byte says which.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "serve/gate.h"
#include "serve/negotiate.h"
#include "serve/target.h"
#include "util/utf8.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

static void require(int truth)
{
	if (!truth)
		abort();
}

static bool is_utf8(const char *text)
{
	uint32_t character;

	for (size_t left = strlen(text), len; left; text += len, left -= len) {
		len = utf8_decode(text, left, &character);
		if (!len)
			return false;
	}
	return true;
}

static void try_target(const char *text)
{
	struct target t;

	if (!target_parse(text, &t)) {
		require(t.path[0] == '/' && is_utf8(t.path) && strlen(t.path) <= strlen(text));
		for (size_t i = 0; i < t.parameters; i++) {
			require(is_utf8(t.parameter[i].name) && is_utf8(t.parameter[i].value));
			/* Each once: what is found is what was met. */
			require(target_find(&t, t.parameter[i].name) == t.parameter[i].value);
		}
	}
	target_done(&t);
}

static void try_host(const char *text)
{
	static const char *const own[] = {"web-3.example", NULL};
	const struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct gate_names names = {(const void *)&local, own};
	size_t len = strcspn(text, ":");

	if (!gate_knows_host(text, &names))
		return;
	require((len == 9 && !memcmp(text, "127.0.0.1", 9)) ||
		(len == 9 && !strncasecmp(text, "localhost", 9)) ||
		(len == 13 && !strncasecmp(text, "web-3.example", 13)));
	require(!text[len] || (strspn(text + len + 1, "0123456789") == strlen(text + len + 1)));
	require(!gate_is_own_origin(text, "127.0.0.1"));
}

static void try_accept(const char *text)
{
	static const char *const types[] = {"text/plain;version=0.0.4",
					    "application/openmetrics-text;version=1.0.0", NULL};
	size_t n = negotiate_type(text, types);

	require(n == SIZE_MAX || n < 2);
	/* Nobody is given what he did not name. */
	require(n == SIZE_MAX || strchr(text, '/'));
	require(!negotiate_coding(text, "gzip") || strcasestr(text, "gzip") || strchr(text, '*'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] % 4) {
	case 0:
		try_target(text);
		break;
	case 1:
		try_host(text);
		break;
	case 2:
		try_accept(text);
		break;
	default:
		if (gate_knows_token(text, TOKEN))
			require(!strcmp(text + 7, TOKEN));
		gate_check_token(text);
	}
	free(text);
	return 0;
}
