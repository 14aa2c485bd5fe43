// SPDX-License-Identifier: BSD-2-Clause
/* What form of an answer a client likes best: quality values (RFC 9110, section 12). */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/*
 * Which of `types` ("text/plain;version=0.0.4", NULL at the end) the header `accept` likes best; of
 * equals the first of ours. A parameter that only one side names decides nothing, but "version"
 * must be equal if both name it. SIZE_MAX if it likes none, also if it is NULL or empty.
 */
size_t negotiate_type(const char *accept, const char *const *types);

/* May the answer be packed by `coding` ("gzip")? Not if the header is NULL. */
bool negotiate_coding(const char *accept_encoding, const char *coding);
