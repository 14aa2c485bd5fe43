// SPDX-License-Identifier: BSD-2-Clause
/*
 * Attributes of OTLP in JSON. Each but the first of a list, which is right behind the list's '[',
 * begins with a comma.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct addr;
struct out;

void otlp_put_text(struct out *out, const char *key, const char *text, size_t len);
void otlp_put_string(struct out *out, const char *key, const char *text); /* not if it is empty */
void otlp_put_uint(struct out *out, const char *key, uint64_t n);
void otlp_put_seconds(struct out *out, const char *key, double seconds);
void otlp_put_address(struct out *out, const char *key, const struct addr *addr);
void otlp_put_true(struct out *out, const char *key);
