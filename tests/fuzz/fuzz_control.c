// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any bytes on the control socket, cut into any pieces: they mean what they mean in one piece, and
 * what a second, simpler reading of the rule says. The first byte is how many cuts there are (0 to
 * 31), as many bytes after it how long the pieces are; the rest is what the client sends.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "consumer/control_request.h"

static void require(int truth)
{
	if (!truth)
		abort();
}

/* A copy of its own for each piece, so that one byte too far is seen. */
static bool give(struct control_request *r, const uint8_t *bytes, size_t len)
{
	size_t before = r->len;
	bool was_whole = r->is_whole, is_whole;
	char *piece = malloc(len ? len : 1);

	memcpy(piece, bytes, len);
	is_whole = control_request_take(r, piece, len);
	free(piece);
	require(is_whole == r->is_whole && r->len <= CONTROL_REQUEST_MAX);
	require(r->len >= before && r->len - before <= len);
	require(!was_whole || (is_whole && r->len == before));
	return is_whole;
}

/* The rule: the line, at most so many bytes of it, is REFRESH and blanks, or else it is GET. */
static enum control_wish rule(const uint8_t *bytes, size_t len)
{
	static const char blanks[] = " \t\n\v\f\r";
	const uint8_t *end = memchr(bytes, '\n', len);
	char line[CONTROL_REQUEST_MAX + 1] = "";
	size_t n = end ? (size_t)(end - bytes) : len;

	n = n < CONTROL_REQUEST_MAX ? n : CONTROL_REQUEST_MAX;
	memcpy(line, bytes, n);
	if (memchr(line, '\0', n))
		return CONTROL_GET;
	while (n && strchr(blanks, line[n - 1]))
		line[--n] = '\0';
	return strcmp(line + strspn(line, blanks), "REFRESH") ? CONTROL_GET : CONTROL_REFRESH;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_request whole = {0}, cut = {0};
	size_t cuts = size ? data[0] % 32 : 0, at = 0, len;
	const uint8_t *sent = data + 1 + cuts;

	if (size < 1 + cuts)
		return 0;
	len = size - 1 - cuts;
	give(&whole, sent, len);
	for (size_t i = 0; i < cuts; i++) {
		size_t piece = data[1 + i] < len - at ? data[1 + i] : len - at;

		give(&cut, sent + at, piece);
		at += piece;
	}
	give(&cut, sent + at, len - at);
	require(cut.is_whole == whole.is_whole && cut.len == whole.len);
	require(!memcmp(cut.text, whole.text, whole.len));
	require(whole.is_whole == (memchr(sent, '\n', len) || len >= CONTROL_REQUEST_MAX));
	require(control_request_wish(&cut) == rule(sent, len));
	return 0;
}
