// SPDX-License-Identifier: BSD-2-Clause
/*
 * Making queries. What users give never becomes part of a query as it is: numbers are printed by
 * us, and texts and addresses are written as hexadecimal digits that the server turns back,
 * unhex('6462'). So no text can end a literal, whatever its bytes. (ClickHouse 18.16 has no
 * parameters.) Names of databases and clusters are checked when they are taken (fleet/url.h).
 */
#pragma once
#include <stddef.h>

#include "abi/addr.h"

struct sql {
	char *text; /* ended by 0 */
	size_t len, size;
};

void sql_done(struct sql *q);

/* For our own words and numbers. */
void sql_add(struct sql *q, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An expression whose value is this text, or this address as the columns laddr and raddr have it.
 */
void sql_add_text(struct sql *q, const char *text);
void sql_add_addr(struct sql *q, const struct addr *addr, int is_modern);
