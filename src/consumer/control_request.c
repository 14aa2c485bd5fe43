// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/control_request.h"

#include <string.h>

static const char refresh[] = "REFRESH";
#define REFRESH_LEN (sizeof(refresh) - 1)

bool control_request_take(struct control_request *r, const char *piece, size_t len)
{
	for (size_t i = 0; i < len && !r->is_whole; i++) {
		if (piece[i] != '\n')
			r->text[r->len++] = piece[i];
		r->is_whole = piece[i] == '\n' || r->len == CONTROL_REQUEST_MAX;
	}
	return r->is_whole;
}

/* As isspace(), which depends on the locale. */
static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

enum control_wish control_request_wish(const struct control_request *r)
{
	size_t from = 0, to = r->len;

	while (from < to && is_blank(r->text[from]))
		from++;
	while (to > from && is_blank(r->text[to - 1]))
		to--;
	return to - from == REFRESH_LEN && !memcmp(r->text + from, refresh, REFRESH_LEN)
		       ? CONTROL_REFRESH
		       : CONTROL_GET;
}
