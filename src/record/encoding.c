// SPDX-License-Identifier: BSD-2-Clause
#include "record/encoding.h"

#include <errno.h>
#include <string.h>

#include "record/varint.h"

/*
 * Difference to another column. A 0 of its own often means "not known" and would be as far from the
 * base as the base is great, so the code that 0 would have had is moved to the front: the codes
 * below it go up by one. That is a permutation of all codes, so it is exact.
 */
static uint64_t difference_code(uint64_t value, uint64_t base)
{
	uint64_t code = zigzag(base - value), of_zero = zigzag(base);

	if (code == of_zero)
		return 0;
	return code < of_zero ? code + 1 : code;
}

static uint64_t difference_value(uint64_t code, uint64_t base)
{
	uint64_t of_zero = zigzag(base);

	if (!code)
		return 0;
	return base - unzigzag(code <= of_zero ? code - 1 : code);
}

static uint8_t *put_planes(uint8_t *p, const uint64_t *value, unsigned width, unsigned rows)
{
	*p++ = (uint8_t)width;
	for (unsigned shift = 8 * width; shift;) {
		shift -= 8;
		for (unsigned i = 0; i < rows; i++)
			*p++ = (uint8_t)(value[i] >> shift);
	}
	return p;
}

static uint8_t *put_sparse(uint8_t *p, const uint64_t *value, unsigned rows)
{
	unsigned count = 0, next = 0;

	for (unsigned i = 0; i < rows; i++)
		count += value[i] != 0;
	p = varint_put(p, count);
	for (unsigned i = 0; i < rows; i++) {
		if (!value[i])
			continue;
		p = varint_put(p, i - next);
		p = varint_put(p, value[i]);
		next = i + 1;
	}
	return p;
}

#define PALETTE_MAX 128
#define PALETTE_END 65536

/* NULL if it is not for these numbers. */
static uint8_t *put_palette(uint8_t *p, const uint64_t *value, unsigned rows)
{
	uint64_t used[PALETTE_END / 64] = {0};
	uint8_t place[PALETTE_END]; /* of those that are used */
	unsigned count = 0;

	for (unsigned i = 0; i < rows; i++) {
		if (value[i] >= PALETTE_END)
			return NULL;
		count += !(used[value[i] / 64] >> value[i] % 64 & 1);
		used[value[i] / 64] |= 1ull << value[i] % 64;
	}
	if (count > PALETTE_MAX)
		return NULL;
	p = varint_put(p, count);
	count = 0;
	for (unsigned word = 0; word < PALETTE_END / 64; word++)
		for (uint64_t left = used[word]; left; left &= left - 1) {
			unsigned n = word * 64 + (unsigned)__builtin_ctzll(left);

			place[n] = (uint8_t)count++;
			p = varint_put(p, n);
		}
	for (unsigned i = 0; i < rows; i++)
		*p++ = place[value[i]];
	return p;
}

size_t encoding_put(uint8_t *out, enum record_encoding encoding, const uint64_t *value,
		    const uint64_t *base, unsigned width, unsigned rows)
{
	uint8_t *p = out;
	uint64_t before = 0;

	switch (encoding) {
	case ENCODING_CONSTANT:
		p = varint_put(p, value[0]);
		break;
	case ENCODING_VARINT:
		for (unsigned i = 0; i < rows; i++)
			p = varint_put(p, value[i]);
		break;
	case ENCODING_ZIGZAG:
		for (unsigned i = 0; i < rows; i++)
			p = varint_put(p, zigzag(value[i]));
		break;
	case ENCODING_DELTA:
		for (unsigned i = 0; i < rows; i++) {
			p = varint_put(p, zigzag(value[i] - before));
			before = value[i];
		}
		break;
	case ENCODING_DIFFERENCE:
		for (unsigned i = 0; i < rows; i++)
			p = varint_put(p, difference_code(value[i], base[i]));
		break;
	case ENCODING_PLANES:
		p = put_planes(p, value, width, rows);
		break;
	case ENCODING_SPARSE:
		p = put_sparse(p, value, rows);
		break;
	case ENCODING_PALETTE:
		p = put_palette(p, value, rows);
		return p ? (size_t)(p - out) : 0;
	case ENCODING_BYTES:
	case ENCODING_COUNT:
		break;
	}
	return (size_t)(p - out);
}

static const uint8_t *get_planes(const uint8_t *p, const uint8_t *end, uint64_t *value,
				 unsigned rows)
{
	unsigned width = p < end ? *p++ : 0;

	if (!width || width > 8 || (size_t)(end - p) != (size_t)width * rows)
		return NULL;
	memset(value, 0, rows * sizeof(*value));
	while (width--)
		for (unsigned i = 0; i < rows; i++)
			value[i] = value[i] << 8 | *p++;
	return p;
}

static const uint8_t *get_sparse(const uint8_t *p, const uint8_t *end, uint64_t *value,
				 unsigned rows)
{
	uint64_t count, skip, next = 0;

	memset(value, 0, rows * sizeof(*value));
	p = varint_get(p, end, &count);
	if (!p || count > rows)
		return NULL;
	while (count--) {
		p = varint_get(p, end, &skip);
		if (!p || skip >= rows - next)
			return NULL;
		next += skip;
		p = varint_get(p, end, &value[next++]);
		if (!p)
			return NULL;
	}
	return p;
}

static const uint8_t *get_palette(const uint8_t *p, const uint8_t *end, uint64_t *value,
				  unsigned rows)
{
	uint64_t palette[PALETTE_MAX], count;

	p = varint_get(p, end, &count);
	if (!p || !count || count > PALETTE_MAX)
		return NULL;
	for (unsigned i = 0; i < count && p; i++)
		p = varint_get(p, end, &palette[i]);
	if (!p || (size_t)(end - p) != rows)
		return NULL;
	for (unsigned i = 0; i < rows; i++) {
		if (*p >= count)
			return NULL;
		value[i] = palette[*p++];
	}
	return p;
}

static const uint8_t *get_constant(const uint8_t *p, const uint8_t *end, uint64_t *value,
				   unsigned rows)
{
	uint64_t n;

	p = varint_get(p, end, &n);
	for (unsigned i = 0; p && i < rows; i++)
		value[i] = n;
	return p;
}

static const uint8_t *get_varints(const uint8_t *p, const uint8_t *end, uint64_t *value,
				  unsigned rows)
{
	unsigned i = 0;

	/* Most numbers have one byte or two; there is no need to look for the end while it is far. */
	for (; i < rows && end - p >= VARINT_BYTES_MAX; i++) {
		uint64_t n = p[0];

		/* Eight of one byte each. */
		if (rows - i >= 8 && !(get_le64(p) & 0x8080808080808080ull)) {
			for (unsigned k = 0; k < 8; k++)
				value[i + k] = p[k];
			p += 8;
			i += 7;
			continue;
		}

		if (n < 0x80) {
			p++;
		} else if (p[1] < 0x80) {
			n = (n & 0x7f) | (uint64_t)p[1] << 7;
			p += 2;
		} else {
			p = varint_get(p, end, &n);
			if (!p)
				return NULL;
		}
		value[i] = n;
	}
	for (; i < rows && p; i++)
		p = varint_get(p, end, &value[i]);
	return p;
}

int encoding_get(const uint8_t *p, size_t len, unsigned encoding, uint64_t *value,
		 const uint64_t *base, unsigned rows)
{
	const uint8_t *end = p + len;
	uint64_t before = 0;

	switch (encoding) {
	case ENCODING_CONSTANT:
		return get_constant(p, end, value, rows) == end ? 0 : -EBADMSG;
	case ENCODING_PLANES:
		return get_planes(p, end, value, rows) == end ? 0 : -EBADMSG;
	case ENCODING_SPARSE:
		return get_sparse(p, end, value, rows) == end ? 0 : -EBADMSG;
	case ENCODING_PALETTE:
		return get_palette(p, end, value, rows) == end ? 0 : -EBADMSG;
	case ENCODING_VARINT:
	case ENCODING_ZIGZAG:
	case ENCODING_DELTA:
	case ENCODING_DIFFERENCE:
		break;
	default:
		return -ENOTSUP;
	}
	if (get_varints(p, end, value, rows) != end)
		return -EBADMSG;
	if (encoding == ENCODING_ZIGZAG)
		for (unsigned i = 0; i < rows; i++)
			value[i] = unzigzag(value[i]);
	if (encoding == ENCODING_DELTA)
		for (unsigned i = 0; i < rows; i++)
			value[i] = before += unzigzag(value[i]);
	if (encoding == ENCODING_DIFFERENCE)
		for (unsigned i = 0; i < rows; i++)
			value[i] = difference_value(value[i], base[i]);
	return 0;
}
