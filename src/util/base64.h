/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>

/* Characters of `len` bytes, and the zero byte. */
#define BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)

/* RFC 4648 section 4, with '=' at the end: into `out`, which has room for BASE64_SIZE(len). */
void base64_write(const void *bytes, size_t len, char *out);
