// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/rowbinary.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

#define FIRST_SIZE 65536

void rowbinary_done(struct rowbinary *b)
{
	free(b->byte);
	*b = (struct rowbinary){0};
}

static void grow(struct rowbinary *b, size_t len)
{
	b->size = b->size ? b->size : FIRST_SIZE;
	while (b->len + len > b->size)
		b->size *= 2;
	b->byte = xrealloc(b->byte, b->size);
}

/* Where so many bytes may be written; those that are to stay are then added to `len`. */
static inline uint8_t *room(struct rowbinary *b, size_t len)
{
	if (b->len + len > b->size)
		grow(b, len);
	return b->byte + b->len;
}

/* Always writes eight, of which the first are kept: numbers are most of what is sent. */
void rowbinary_put_uint(struct rowbinary *b, uint64_t value, unsigned bytes)
{
	const uint64_t little = htole64(value);

	memcpy(room(b, sizeof(little)), &little, sizeof(little));
	b->len += bytes;
}

void rowbinary_put_bytes(struct rowbinary *b, const void *p, size_t len)
{
	if (len)
		memcpy(room(b, len), p, len);
	b->len += len;
}

void rowbinary_put_text(struct rowbinary *b, const char *text, size_t len)
{
	uint64_t rest = len;

	for (; rest >= 0x80; rest >>= 7)
		rowbinary_put_uint(b, rest | 0x80, 1);
	rowbinary_put_uint(b, rest, 1);
	rowbinary_put_bytes(b, text, len);
}

static const uint8_t *take(struct rowbinary_reader *r, size_t len)
{
	const uint8_t *p = r->at;

	if (r->failed || len > (size_t)(r->end - r->at)) {
		r->failed = true;
		return NULL;
	}
	r->at += len;
	return p;
}

uint64_t rowbinary_get_uint(struct rowbinary_reader *r, unsigned bytes)
{
	const uint8_t *p = take(r, bytes);
	uint64_t value = 0;

	for (unsigned i = 0; p && i < bytes; i++)
		value |= (uint64_t)p[i] << 8 * i;
	return value;
}

void rowbinary_get_bytes(struct rowbinary_reader *r, void *ret, size_t len)
{
	const uint8_t *p = take(r, len);

	if (p)
		memcpy(ret, p, len);
	else
		memset(ret, 0, len);
}

static uint64_t get_varint(struct rowbinary_reader *r)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint64_t byte = rowbinary_get_uint(r, 1);

		value |= (byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	r->failed = true;
	return 0;
}

void rowbinary_get_text(struct rowbinary_reader *r, char *ret, size_t size)
{
	uint64_t len = get_varint(r);
	const uint8_t *p = take(r, len);
	size_t kept = !p ? 0 : len < size ? len : size - 1;

	if (kept)
		memcpy(ret, p, kept);
	ret[kept] = '\0';
}
