// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/sql.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

void sql_done(struct sql *q)
{
	free(q->text);
	*q = (struct sql){0};
}

static void reserve_more(struct sql *q, size_t len)
{
	if (q->len + len < q->size)
		return;
	q->size = 2 * (q->len + len) + 256;
	q->text = xrealloc(q->text, q->size);
}

void sql_add(struct sql *q, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return;
	reserve_more(q, (size_t)len + 1);
	va_start(args, format);
	vsnprintf(q->text + q->len, q->size - q->len, format, args);
	va_end(args);
	q->len += (size_t)len;
}

void sql_add_text(struct sql *q, const char *text)
{
	sql_add(q, "unhex('");
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		sql_add(q, "%02x", *p);
	sql_add(q, "')");
}

void sql_add_addr(struct sql *q, const struct addr *addr, int is_modern)
{
	char text[INET6_ADDRSTRLEN] = "::";

	if (is_modern) {
		inet_ntop(AF_INET6, addr, text, sizeof(text));
		sql_add(q, "toIPv6('%s')", text);
		return;
	}
	sql_add(q, "toFixedString(unhex('");
	for (unsigned i = 0; i < sizeof(addr->byte); i++)
		sql_add(q, "%02x", addr->byte[i]);
	sql_add(q, "'), 16)");
}
