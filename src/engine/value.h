// SPDX-License-Identifier: BSD-2-Clause
/*
 * A typed value of a row, and the one place that turns values into text. Sinks only quote and
 * separate.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "abi/addr.h"

enum value_type {
	VALUE_NONE, /* not known: empty in text and CSV, null in JSON */
	VALUE_UINT,
	VALUE_INT,
	VALUE_REAL, /* with `decimals` places */
	VALUE_TEXT,
	VALUE_ADDR,
	VALUE_ENDPOINT, /* address:port, IPv6 without brackets, as the seed tools print it */
	VALUE_BOOL,
	VALUE_JSON, /* a text that is an object of JSON */
};

struct value {
	enum value_type type;
	unsigned char decimals;
	uint16_t port;
	uint32_t text_len;
	union {
		uint64_t u;
		int64_t i;
		double r;
		const char *text; /* borrowed from the row */
		const struct addr *addr;
	};
};

/* Longest text of a value that is not VALUE_TEXT. */
#define VALUE_TEXT_MAX 64

static inline struct value value_none(void)
{
	return (struct value){.type = VALUE_NONE};
}

static inline struct value value_uint(uint64_t u)
{
	return (struct value){.type = VALUE_UINT, .u = u};
}

static inline struct value value_real(double r, unsigned char decimals)
{
	return (struct value){.type = VALUE_REAL, .r = r, .decimals = decimals};
}

/* Inlined: most texts are constants, whose length the compiler knows. */
static inline struct value value_text(const char *text)
{
	if (!text)
		return value_none();
	return (struct value){
		.type = VALUE_TEXT, .text = text, .text_len = (uint32_t)__builtin_strlen(text)};
}

/* The first `len` characters. */
static inline struct value value_part(const char *text, size_t len)
{
	return (struct value){.type = VALUE_TEXT, .text = text, .text_len = (uint32_t)len};
}

struct value value_json(const char *text);

/* A character array that need not be terminated, such as comm. */
struct value value_chars(const char *text, size_t max);

/* True for what JSON writes without quotes. */
int value_is_bare(const struct value *v);

/* The number behind a value, for sorting; texts and addresses give 0. */
double value_number(const struct value *v);

/*
 * The text of `v`: written to `buf` (VALUE_TEXT_MAX bytes), or the value's own text. `*ret_text`
 * borrows from one of the two. Returns its length.
 */
size_t value_format(const struct value *v, char *buf, const char **ret_text);

/* "127.0.0.1" or "fe80::1" into `buf` (VALUE_TEXT_MAX bytes); returns the length. */
size_t value_format_addr(const struct addr *a, char *buf);
