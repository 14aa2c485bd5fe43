// SPDX-License-Identifier: BSD-2-Clause
/*
 * ClickHouse's RowBinary: rows one after the other, columns in the order that the query names them,
 * without any separators. Integers are little-endian, texts have their length (varint) before them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that grow. A failed allocation ends the program (util/xalloc.h). */
struct rowbinary {
	uint8_t *byte;
	size_t len, size;
};

void rowbinary_done(struct rowbinary *b);

/* An unsigned number of 1, 2, 4 or 8 bytes. */
void rowbinary_put_uint(struct rowbinary *b, uint64_t value, unsigned bytes);
void rowbinary_put_bytes(struct rowbinary *b, const void *p, size_t len);
void rowbinary_put_text(struct rowbinary *b, const char *text, size_t len);

/* What a server sent. Reading past its end sets `failed`, and gives 0. */
struct rowbinary_reader {
	const uint8_t *at, *end;
	bool failed;
};

uint64_t rowbinary_get_uint(struct rowbinary_reader *r, unsigned bytes);
void rowbinary_get_bytes(struct rowbinary_reader *r, void *ret, size_t len);

/* Into `ret` of `size` bytes, ended by 0; what does not fit is left out. */
void rowbinary_get_text(struct rowbinary_reader *r, char *ret, size_t size);
