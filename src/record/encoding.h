// SPDX-License-Identifier: BSD-2-Clause
/*
 * How the numbers of one column of one block become bytes. Every encoding is exact for all 64-bit
 * numbers. The numbers of the encodings stand in files: none is ever used again for another.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum record_encoding {
	ENCODING_CONSTANT,   /* one varint: all rows have it */
	ENCODING_VARINT,     /* a varint a row */
	ENCODING_ZIGZAG,     /* the same, folded: for signed numbers */
	ENCODING_DELTA,	     /* folded difference to the row before; the first one to 0 */
	ENCODING_DIFFERENCE, /* folded difference to other columns of the row; 0 stays short */
	ENCODING_PLANES,     /* u8 width; then all highest bytes, ..., all lowest bytes */
	ENCODING_SPARSE,     /* how many rows are not 0; of each the rows skipped, and the number */
	ENCODING_BYTES,	     /* of dictionaries: a varint length a row, then the bytes */
	ENCODING_PALETTE,    /* how many different numbers, these ascending; of each row which */
	ENCODING_COUNT
};

/* Room that encoding_put() needs for so many rows. */
#define ENCODING_ROOM(rows) ((size_t)(rows)*20 + 16)

/*
 * Encode `value` of `rows` rows into `out`. `base` is what ENCODING_DIFFERENCE is the difference to,
 * `width` (1 to 8) the bytes of ENCODING_PLANES, into which the numbers must fit. Not for
 * ENCODING_BYTES. Returns the length; of ENCODING_PALETTE 0 if there are too many different numbers,
 * or greater ones than 65,535: then take another one.
 */
size_t encoding_put(uint8_t *out, enum record_encoding encoding, const uint64_t *value,
		    const uint64_t *base, unsigned width, unsigned rows);

/*
 * Decode `rows` numbers from the `len` bytes at `p`. Returns 0; -EBADMSG if they are too few or too
 * many bytes, or not what this encoding makes; -ENOTSUP if the encoding is not known.
 */
int encoding_get(const uint8_t *p, size_t len, unsigned encoding, uint64_t *value,
		 const uint64_t *base, unsigned rows);
