// SPDX-License-Identifier: BSD-2-Clause
/* A row as an object of JSON: of the sink, and of whoever else answers with rows. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct column;
struct out;
struct row;
struct section;
struct value;

/* {"name": of the first key, ,"name": of a later one. */
void json_row_key(struct out *out, const char *name, size_t len, bool is_later);

/* One column as a member: its key as above, and its value; null if it has none. */
void json_row_column(struct out *out, const struct column *column, const struct row *row,
		     bool is_later);

/* A value: null, bare, or a string. */
void json_value_put(struct out *out, const struct value *v);
/* A count; a string if it is beyond 2^53 and `out` quotes those. */
void json_uint_put(struct out *out, uint64_t n);

/*
 * The columns of a section, as the rest of an object: the brace that opens it only if nothing stands
 * before them (`is_later` is false), and none that closes it.
 */
void json_row_put(struct out *out, const struct section *section, const struct row *row,
		  bool is_later);
